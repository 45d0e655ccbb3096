#pragma once

#include <map>
#include <memory>
#include <set>

#include "libs/client/client.h"
#include "services/garbage-collector/collector.h"
#include "services/repairer/repairer.h"
#include "tests/simulation/site.h"

namespace pbfs::simulation {

/// A machine on which a client runs: its own links, clock and randomness. It may be suspended (links' asleep_until), and crash: then its
/// links are cut amid what it does, and it starts anew with another client, which knows nothing of the first.
class ClientMachine {
 public:
  /// A patient client waits for days, so that it goes on after its machine was suspended.
  ClientMachine(Site& site, uint64_t seed, int64_t clock_error_micros, bool patient);

  Client& client() { return *client_; }
  /// Now and then next to none, so that the caller is gone before it is known what became of the call.
  Context PatienceOfACall() {
    const bool hasty = !patient() && random.Below(8) == 0;
    return Context::WithTimeout(hasty ? Duration(std::chrono::milliseconds(1 + random.Below(60))) : patience_);
  }
  /// From any thread: whoever works on this machine gets no further, and has to Reboot().
  void Crash();
  bool crashed() const { return crashed_; }
  bool patient() const { return patience_ > kPatience; }
  void Reboot();
  /// Everything stands still until then.
  void SleepUntil(MonotonicTime when);
  /// The same, before so many more calls of the catalog and until `wakes`, or until SleepUntil() says when it ends.
  void SleepBeforeCall(int calls, MonotonicTime wakes = MonotonicTime::max()) {
    catalog_link.calls_until_sleep = calls;
    catalog_link.wakes = wakes;
  }
  /// Only what it has to do with stores stands still.
  void StoresSleepUntil(MonotonicTime when);
  bool IsAsleep() const { return MonotonicNow() < catalog_link.asleep_until; }
  int64_t lies_told() const { return catalog_link.lies_told + stores.lies_told(); }
  void Heal();
  /// Rehomes that clients of this machine did by themselves.
  int64_t rehomes() const { return rehomes_ + client_->Stats().rehomes_done; }

  SeededRandom random;
  Link catalog_link;
  StoreLinks stores;

 private:
  Site& site_;
  SimulatedClock clock_;
  const Duration patience_;
  RemoteCatalog catalog_;
  bool crashed_ = false;
  int64_t rehomes_ = 0;
  std::unique_ptr<Client> client_;
};

/// The collector's machine: it passes over catalog and stores, and again and again its calls are lost or doubled.
class CollectorMachine {
 public:
  explicit CollectorMachine(Site& site) : stores(site), site_(site), garbage_(site.catalog, link, site.network) {}
  /// One round; what fails is for the next one.
  void Round();
  Link link;
  StoreLinks stores;

 private:
  Site& site_;
  static collector::Collector::Options Options();
  RemoteGarbage garbage_;
  SimulatedClock clock_{30'000};
  collector::Collector collector_{{garbage_, site_.catalog, stores, &site_.tokens, clock_}, Options()};
};

/// The repairer's machine.
class RepairerMachine {
 public:
  explicit RepairerMachine(Site& site) : stores(site), site_(site), repairs_(site.catalog, link, site.network) {}
  /// One round; what fails is for the next one. No shard may be marked missing before and after the catalog said that all is whole, or
  /// that the older places of its group are not needed any more.
  void Round();
  /// Whether every shard is accounted for, and none is missing, as the catalog knows it; nor is anything suspect, unless that may be.
  bool IsWhole(bool suspects_allowed = false);
  Link link;
  StoreLinks stores;
  Status trouble;  // of the last round

 private:
  Site& site_;
  using Marks = std::map<EncodingId, uint64_t>;
  Marks MissingNow();
  /// Of the groups of these, those that are whole.
  std::set<uint16_t> WholeOf(const Marks& marks);
  void CheckClaims(const Marks& before, const std::set<uint16_t>& whole_before);
  static repairer::Repairer::Options Options();
  RemoteRepairs repairs_;
  SimulatedClock clock_{-20'000};
  Executor executor_{"repair", 2, 100};
  repairer::Repairer repairer_{{repairs_, site_.catalog, stores, &site_.tokens, clock_, executor_}, Options()};
};

}  // namespace pbfs::simulation
