#include "services/operator/conditions.h"

#include <utility>

#include "libs/kube/kube_json.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

constexpr size_t kMaxMessage = 4096;

const char* Word(Truth truth) {
  if (truth == Truth::kUnknown) return "Unknown";
  return truth == Truth::kTrue ? "True" : "False";
}

}  // namespace

Conditions::Conditions(const Json& status, int64_t generation, std::string now)
    : generation_(generation), now_(std::move(now)) {
  const Json& list = kube::Member(status, "conditions");
  if (!list.is_array()) return;
  for (const Json& condition : list)
    if (const std::string type = kube::Text(condition, "type"); !type.empty()) by_type_[type] = condition;
}

const Json* Conditions::Find(const std::string& type) const {
  const auto found = by_type_.find(type);
  return found == by_type_.end() ? nullptr : &*found;
}

void Conditions::Set(const std::string& type, Truth truth, const std::string& reason, const std::string& message) {
  const Json* before = Find(type);
  const bool same = before != nullptr && kube::Text(*before, "status") == Word(truth);
  by_type_[type] = {{"type", type},
                    {"status", Word(truth)},
                    {"reason", reason},
                    {"message", Shortened(message, kMaxMessage)},
                    {"observedGeneration", generation_},
                    {"lastTransitionTime", same ? kube::Text(*before, "lastTransitionTime", now_) : now_}};
}

void Conditions::Drop(const std::string& type) { by_type_.erase(type); }

bool Conditions::IsTrue(const std::string& type) const {
  const Json* found = Find(type);
  return found != nullptr && kube::Text(*found, "status") == "True";
}

std::string Conditions::ReasonOf(const std::string& type) const {
  const Json* found = Find(type);
  return found == nullptr ? "" : kube::Text(*found, "reason");
}
std::string Conditions::MessageOf(const std::string& type) const {
  const Json* found = Find(type);
  return found == nullptr ? "" : kube::Text(*found, "message");
}

Json Conditions::List() const {
  Json list = Json::array();
  for (const auto& [type, condition] : by_type_.items()) list.push_back(condition);
  return list;
}

}  // namespace pbfs::operators
