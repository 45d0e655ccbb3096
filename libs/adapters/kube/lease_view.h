#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/adapters/kube/lease_object.h"
#include "libs/base/context.h"
#include "libs/base/sync.h"

namespace pbfs::kube {

/// What one client has seen of leases, and which of them it believes in.
///
/// A lease has expired once this client has watched it for its whole duration without a renewal. Clocks of other
/// machines are never looked at (client-go judges the same way), so who sees a lease for the first time gives it a full
/// duration. And only time in contact counts: from one answer of the API server to the next, at most a third of the
/// lease's duration. For while the API server is away nobody can renew; without this rule everybody would look dead to
/// the first who reaches it again.
///
/// Threads: any.
class LeaseView {
 public:
  /// What an answer showed: all leases under `prefix` (those of `records`, and no other). Returns the live ones, by
  /// key.
  std::vector<LeaseInfo> SawAll(const std::string& prefix, const std::vector<LeaseRecord>& records);
  /// An answer, or an event that shows that somebody could write.
  void Saw(const LeaseRecord& record);
  void SawDeleted(const std::string& key);
  /// An answer that showed no lease.
  void SawContact();
  /// The coordinator does not answer: time stops until it does.
  void LostContact(const Status& status);

  /// Whether the lease that was seen last under `key` is live; false if there is none.
  bool IsLive(const std::string& key) const;

  /// Grows with every change of what is live under `prefix`; at least 1. Counts by itself, not as the API server does.
  int64_t Revision(const std::string& prefix) const;

  enum class Wake {
    kChanged,  // Revision(prefix) is above `revision`
    kQuiet,    // a lease may have expired, which an answer of the server must show first
  };
  /// Waits for one of them. Errors: the last LostContact; DEADLINE_EXCEEDED, CANCELLED of the context.
  Result<Wake> Await(const Context& context, const std::string& prefix, int64_t revision);

 private:
  struct Entry {
    LeaseRecord record;
    Duration watched{};  // time in contact since it last changed
    bool live = false;
    int64_t revision = 0;  // of the last change of holder, value or life
  };
  void Credit() PBFS_REQUIRES(mutex_);
  void Put(const LeaseRecord& record) PBFS_REQUIRES(mutex_);
  void Settle() PBFS_REQUIRES(mutex_);
  int64_t RevisionOf(const std::string& prefix) const PBFS_REQUIRES(mutex_);
  MonotonicTime QuietAt(const std::string& prefix) const PBFS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Entry> entries_ PBFS_GUARDED_BY(mutex_);
  int64_t revision_ PBFS_GUARDED_BY(mutex_) = 1;
  int64_t deleted_ PBFS_GUARDED_BY(mutex_) = 1;  // revision of the last deletion, of any key: the key is forgotten
  Status lost_ PBFS_GUARDED_BY(mutex_) = UnavailableError("not asked yet");
  MonotonicTime last_contact_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::kube
