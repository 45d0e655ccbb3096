#pragma once

#include <compare>
#include <string>

#include "libs/kube/kinds.h"
#include "libs/kube/kube_json.h"

/// Which object, and which objects: what names them and what selects them. Pure.
namespace pbfs::kube {

/// The place of one object. What stands there may change: an object is itself by its uid only.
struct ObjectRef {
  Kind kind;
  std::string space;  // the namespace; empty if the kind has none
  std::string name;
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
};

/// Errors: INVALID_ARGUMENT a name or namespace that no object can have, one that could lead a path astray among them;
/// a namespace where the kind has none, or none where it has one.
Status CheckRef(const ObjectRef& ref);

/// Where `object` says that it stands. Errors: as CheckRef; INVALID_ARGUMENT it is of another kind.
Result<ObjectRef> RefOf(const Kind& kind, const Json& object);

/// Objects of a kind.
struct Selection {
  Kind kind;
  std::string space;   // empty: all namespaces
  std::string labels;  // "a=b,c=d": all of these; empty: any
};

/// Errors: INVALID_ARGUMENT as CheckRef, or labels that are not "a=b,c=d".
Status CheckSelection(const Selection& selection);

/// Does an object with these labels (metadata.labels of `object`) fit "a=b,c=d"?
bool HasLabels(const Json& object, std::string_view labels);

}  // namespace pbfs::kube
