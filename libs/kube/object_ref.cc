#include "libs/kube/object_ref.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::kube {
namespace {

constexpr size_t kMaxName = 253;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == ':';  // the last three in names of roles and nodes
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), IsNameByte);
}

/// Takes the text up to `end`, and `end`, away from `text`.
std::string_view Before(std::string_view& text, char end) {
  const std::string_view piece = text.substr(0, text.find(end));
  text.remove_prefix(std::min(piece.size() + 1, text.size()));
  return piece;
}

Status CheckSpace(const Kind& kind, const std::string& space) {
  if (!space.empty() && !kind.namespaced) return InvalidArgumentError(fmt::format("a {} has no namespace", kind.name));
  if (!space.empty() && !IsName(space)) return InvalidArgumentError("'" + space + "' is no name of a namespace");
  return OkStatus();
}

}  // namespace

Status CheckRef(const ObjectRef& ref) {
  PBFS_RETURN_IF_ERROR(CheckSpace(ref.kind, ref.space));
  if (ref.kind.namespaced && ref.space.empty())
    return InvalidArgumentError(fmt::format("a {} without a namespace", ref.kind.name));
  if (!IsName(ref.name)) return InvalidArgumentError(fmt::format("'{}' is no name of a {}", ref.name, ref.kind.name));
  return OkStatus();
}

Result<ObjectRef> RefOf(const Kind& kind, const Json& object) {
  if (Text(object, "apiVersion") != kind.ApiVersion() || Text(object, "kind") != kind.name)
    return InvalidArgumentError(fmt::format("an object that is no {} of {}", kind.name, kind.ApiVersion()));
  const Json& metadata = Member(object, "metadata");
  ObjectRef ref{kind, Text(metadata, "namespace"), Text(metadata, "name")};
  PBFS_RETURN_IF_ERROR(CheckRef(ref));
  return ref;
}

Status CheckSelection(const Selection& selection) {
  PBFS_RETURN_IF_ERROR(CheckSpace(selection.kind, selection.space));
  std::string_view labels = selection.labels;
  while (!labels.empty()) {
    const std::string_view term = Before(labels, ',');
    const size_t equals = term.find('=');
    if (equals == 0 || equals == std::string_view::npos || term.find('=', equals + 1) != std::string_view::npos ||
        term.find_first_of(" !()") != std::string_view::npos)
      return InvalidArgumentError("'" + selection.labels + "' is no selector a=b,c=d");
  }
  return OkStatus();
}

bool HasLabels(const Json& object, std::string_view labels) {
  const Json& carried = Member(Member(object, "metadata"), "labels");
  while (!labels.empty()) {
    std::string_view term = Before(labels, ',');
    const std::string name(Before(term, '='));
    const Json& value = Member(carried, name.c_str());
    if (!value.is_string() || value.get_ref<const std::string&>() != term) return false;
  }
  return true;
}

}  // namespace pbfs::kube
