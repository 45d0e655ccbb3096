#include "libs/kube/field_owners.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pbfs::kube {
namespace {

/// metadata.finalizers as an object whose members are its elements, so that each is a field; and back.
void SplitFinalizers(Json& object) {
  Json split = Json::object();
  for (const Json& name : Member(Member(object, "metadata"), "finalizers"))
    if (name.is_string()) split[name.get<std::string>()] = name;
  if (!split.empty()) object["metadata"]["finalizers"] = std::move(split);
}
void JoinFinalizers(Json& object) {
  Json joined = Json::array();
  for (const Json& name : Member(Member(object, "metadata"), "finalizers")) joined.push_back(name);
  if (!joined.empty()) object["metadata"]["finalizers"] = std::move(joined);
}

/// Null: there is none.
const Json& Find(const Json& object, const std::vector<std::string>& path) {
  const Json* at = &object;
  for (const std::string& name : path) at = &Member(*at, name.c_str());
  return *at;
}

void Put(Json& object, const std::vector<std::string>& path, const Json& value) {
  Json* at = &object;
  for (const std::string& name : path) {
    if (!at->is_object()) *at = Json::object();
    at = &(*at)[name];
  }
  *at = value;
}

/// Removes the field, and the objects around it that get empty. What was named as an empty object and has members by now
/// stays: they are fields of their own.
void Remove(Json& object, const std::vector<std::string>& path, size_t depth = 0) {
  if (!object.is_object() || !object.contains(path[depth])) return;
  Json& member = object[path[depth]];
  const bool last = depth + 1 == path.size();
  if (!last) Remove(member, path, depth + 1);
  const bool goes = member.is_object() ? member.empty() : last;
  if (goes) object.erase(path[depth]);
}

/// An empty object only says that there is an object.
bool Says(const Json& now, const Json& wanted) {
  return now == wanted || (now.is_object() && wanted.is_object() && wanted.empty());
}

}  // namespace

void FieldOwners::Collect(const Json& value, Path& path, Fields& fields) {
  if (!value.is_object() || (value.empty() && !path.empty())) {
    fields[path] = value;
    return;
  }
  for (const auto& [name, member] : value.items()) {
    path.push_back(name);
    Collect(member, path, fields);
    path.pop_back();
  }
}

FieldOwners::Fields FieldOwners::FieldsOf(const Json& object) {
  Json split = object;
  SplitFinalizers(split);
  Fields fields;
  Path path;
  Collect(split, path, fields);
  return fields;
}

void FieldOwners::Made(const std::string& manager, const Json& object) {
  for (const auto& [path, value] : FieldsOf(object)) managers_[path].insert(manager);
}

Status FieldOwners::Apply(const std::string& manager, const Json& intent, OnConflict on_conflict, Json& object) {
  const Fields fields = FieldsOf(intent);
  Json split = object;
  SplitFinalizers(split);
  const std::string conflict = FindConflict(manager, fields, split);
  if (on_conflict == OnConflict::kRefuse && !conflict.empty())
    return FailedPreconditionError("conflict with " + conflict)
        .WithDetail(std::string(kCause), std::string(kFieldConflict));
  GiveUp(manager, fields, split);
  for (const auto& [path, value] : fields) Take(manager, path, value, split);
  JoinFinalizers(split);
  object = std::move(split);
  return OkStatus();
}

std::string FieldOwners::FindConflict(const std::string& manager, const Fields& intent, const Json& object) const {
  for (const auto& [path, value] : intent) {
    const auto found = managers_.find(path);
    if (found == managers_.end() || Says(Find(object, path), value)) continue;
    std::set<std::string> others = found->second;
    others.erase(manager);
    if (!others.empty()) return fmt::format("{}: .{}", fmt::join(others, ", "), fmt::join(path, "."));
  }
  return "";
}

void FieldOwners::GiveUp(const std::string& manager, const Fields& intent, Json& object) {
  for (auto it = managers_.begin(); it != managers_.end();) {
    const auto& [path, managers] = *it;
    const bool given_up = !intent.contains(path) && it->second.erase(manager) > 0;
    if (given_up && managers.empty()) {
      Remove(object, path);
      it = managers_.erase(it);
    } else {
      ++it;
    }
  }
}

void FieldOwners::Take(const std::string& manager, const Path& path, const Json& value, Json& object) {
  std::set<std::string>& managers = managers_[path];
  if (!Says(Find(object, path), value)) {
    managers.clear();  // who named another value has lost it
    Put(object, path, value);
  }
  managers.insert(manager);
}

}  // namespace pbfs::kube
