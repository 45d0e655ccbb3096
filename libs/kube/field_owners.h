#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// Which manager named which field of one object: the rules of server-side apply, without a schema. A field is a value
/// that is no object, or an object that is empty; a list is one field, but each of metadata.finalizers is its own. A
/// value of a test's cluster in memory; pure.
class FieldOwners {
 public:
  /// `manager` wrote all of `object`.
  void Made(const std::string& manager, const Json& object);

  /// Merges `intent`, all that `manager` wants to say, into `object`. Errors: FAILED_PRECONDITION kFieldConflict, and
  /// nothing has changed.
  Status Apply(const std::string& manager, const Json& intent, OnConflict on_conflict, Json& object);

 private:
  using Path = std::vector<std::string>;
  using Fields = std::map<Path, Json>;

  static void Collect(const Json& value, Path& path, Fields& fields);
  static Fields FieldsOf(const Json& object);
  /// The first field of `intent` that another set to another value, with its managers; empty: there is none.
  std::string FindConflict(const std::string& manager, const Fields& intent, const Json& object) const;
  /// `manager` no longer names what is not in `intent`; a field that nobody names goes.
  void GiveUp(const std::string& manager, const Fields& intent, Json& object);
  void Take(const std::string& manager, const Path& path, const Json& value, Json& object);

  std::map<Path, std::set<std::string>> managers_;  // never an empty set
};

}  // namespace pbfs::kube
