#pragma once

#include <map>

#include "libs/base/scheduler.h"
#include "libs/catalog/types.h"
#include "tests/simulation/findings.h"

namespace pbfs::simulation {

/// What lists have promised to readers (I19): fragments that one named stay for the lease after it. A simulated day is a minute long, so
/// lease and grace are shorter than the real ones, in the same proportion.
class Leases {
 public:
  Leases(Duration lease, Findings& findings) : lease_(lease), findings_(findings) {}

  /// The catalog answers with this list now.
  void Note(const ListReply& list) {
    for (const BodyRow& body : list.bodies) {
      if (body.encoding) until_[body.encoding->id] = MonotonicNow() + lease_;
    }
  }
  /// Somebody deletes fragments of this encoding.
  void CheckDelete(const EncodingId& encoding) {
    const auto named = until_.find(encoding);
    findings_.AddIf(named != until_.end() && MonotonicNow() < named->second,
                    "fragments are deleted that a list has named within its lease");
  }

 private:
  const Duration lease_;
  Findings& findings_;
  std::map<EncodingId, MonotonicTime> until_;
};

}  // namespace pbfs::simulation
