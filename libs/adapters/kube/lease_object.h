#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/coordination/leases.h"
#include "libs/kube/object_ref.h"

/// A lease of the port as an object of coordination.k8s.io/v1, kind Lease. Pure: no input or output, no clock.
///
///   key "stores/7", cluster "demo"   metadata.name "demo-stores.7": '/' becomes '.', nothing else is changed, so keys
///                                    are what names can hold: segments of a-z, 0-9 and '-' that begin and end with a
///                                    letter or digit
///   cluster                          label pbfs.dev/cluster, for the selector of who lists and watches
///   first segment of the key         label pbfs.dev/lease ("stores"), for the selector of who watches stores only
///   holder                           spec.holderIdentity; empty: nobody holds it
///   time to live                     spec.leaseDurationSeconds, rounded up
///   value                            annotation pbfs.dev/value, at most 64 KiB of UTF-8
///   renewed                          spec.renewTime by the holder's wall clock, compared with no other clock
///   another holder                   spec.acquireTime, spec.leaseTransitions + 1; no token: a new object begins anew
///
/// Whatever else an object holds (owner references, labels of others) is kept when it is written again.
namespace pbfs::kube {

/// A Lease object as far as PBFS understands it.
struct LeaseRecord {
  LeaseInfo info;       // info.holder is empty if nobody holds it
  Duration duration{};  // 1 s to a year
  std::string renewal;  // differs for each write of a holder: uid, holder and times as they stand
  friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

class LeaseObjects {
 public:
  /// `cluster`: of at most 30 letters a-z, digits and '-'; `space`: the namespace. Errors: INVALID_ARGUMENT naming the
  /// bad one.
  static Result<LeaseObjects> Make(const std::string& cluster, const std::string& space);

  /// The path of all Lease objects of the namespace.
  std::string Collection() const;
  std::string Path(const std::string& name) const { return Collection() + "/" + name; }
  /// Errors: INVALID_ARGUMENT a key that no name can hold.
  Result<std::string> NameOf(const std::string& key) const;
  /// The selector of all leases whose key begins with `prefix`, and maybe of others.
  std::string SelectorOf(const std::string& prefix) const;
  Selection SelectionOf(const std::string& prefix) const { return {kinds::kLease, space_, SelectorOf(prefix)}; }

  /// Errors: INVALID_ARGUMENT no lease of this cluster.
  Result<LeaseRecord> Parse(const Json& object) const;

  /// `old` (null: there is none) as `lease.holder` holds it from now on. `now_us`: microseconds since 1970.
  /// Errors: INVALID_ARGUMENT a key, holder or value that an object cannot hold.
  Result<Json> Held(const Json& old, const LeaseInfo& lease, Duration ttl, int64_t now_us) const;
  /// `old` as nobody holds it. The object stays: who deletes and creates it races with who takes it.
  Json Free(const Json& old, int64_t now_us) const;

 private:
  LeaseObjects(std::string cluster, std::string space) : cluster_(std::move(cluster)), space_(std::move(space)) {}
  Json New(const std::string& name, const std::string& key) const;

  std::string cluster_;
  std::string space_;
};

/// "2026-01-02T03:04:05.000006Z": exactly six digits, or the server refuses it.
std::string MicroTime(int64_t now_us);

}  // namespace pbfs::kube
