#pragma once

#include <functional>
#include <optional>

#include "libs/base/sync.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// The only place that injects faults into a KubeApi: one call fails, at a place that a test names. For crash matrices:
///
///   for (int64_t call = 1;; ++call) {            // and the same with kAfter
///     kube.Crash(call, FaultyKube::When::kBefore);
///     Run();                                     // must not do harm
///     const bool reached = kube.calls() >= call;
///     kube.Heal();
///     Run();                                     // must converge
///     if (!reached) break;                       // every call has been walked
///   }
///
/// All calls but Watch are counted, from 1 on, since the last Heal(). Threads: any; which call is the n-th is certain if
/// one thread calls.
class FaultyKube final : public KubeApi {
 public:
  enum class When {
    kBefore,  // nothing has happened
    kAfter,   // it has happened, and the caller does not know
  };

  /// `inner` outlives this.
  explicit FaultyKube(KubeApi& inner) : inner_(inner) {}

  /// The n-th call answers UNAVAILABLE, once.
  void Fail(int64_t call, When when);
  /// The same, and nothing happens after it: all further calls, of Watch too, answer UNAVAILABLE, as if the caller had
  /// died there.
  void Crash(int64_t call, When when);
  /// As Crash, at the n-th call that writes. A process that dies at a read leaves what one leaves that dies after the write before it, so
  /// this walks all that there is to be found afterwards, in a tenth of the calls.
  void CrashAtWrite(int64_t write, When when);
  /// No fault from now on; counts anew.
  void Heal();
  int64_t calls() const;
  int64_t writes() const;

  Result<Json> Get(const Context& context, const ObjectRef& ref) override;
  Result<ObjectList> List(const Context& context, const Selection& selection) override;
  Result<Json> Create(const Context& context, const Kind& kind, const Json& object) override;
  Result<Json> Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) override;
  Result<Json> ApplyStatus(const Context& context, const Kind& kind, const Json& status) override;
  Status Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) override;
  Status Watch(const Context& context, const Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const WatchEvent&)>& on_event) override;

 private:
  struct Fault {
    int64_t call = 0;  // 0: none
    When when = When::kBefore;
    bool for_good = false;
    bool of_writes = false;
    bool struck = false;
  };
  enum class Effect { kReads, kWrites };
  /// When the call that begins now fails, if it does.
  std::optional<When> Fate(Effect effect);
  template <typename Answer>
  Answer Around(Effect effect, const std::function<Answer()>& call);

  KubeApi& inner_;
  mutable Mutex mutex_;
  Fault fault_ PBFS_GUARDED_BY(mutex_);
  int64_t calls_ PBFS_GUARDED_BY(mutex_) = 0, writes_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs::kube
