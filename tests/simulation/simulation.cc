#include "tests/simulation/simulation.h"

#include <memory>

#include <fmt/format.h>

#include "libs/base/simulated_scheduler.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/machines.h"
#include "tests/simulation/scenes.h"
#include "tests/simulation/site_checks.h"
#include "tests/simulation/workload.h"

namespace pbfs::simulation {
namespace {

constexpr int kClients = 3;  // the last one is patient
constexpr int kDays = 2;
constexpr int kSteps = 14;                                 // of each client, a day
constexpr Duration kMostOfNight = std::chrono::hours(25);  // longer than L + M
constexpr Duration kRestOfNight = std::chrono::hours(1);   // and with it than the hold of a rehome's sources
constexpr int kEveningRounds = 40;
constexpr Duration kQuiet = std::chrono::minutes(2);

BucketSettings SettingsOf(uint64_t seed) {
  BucketSettings settings;
  settings.name = "b";
  settings.history_ms = seed % 2 == 0 ? 0 : 3'600'000;
  settings.integrity = seed / 2 % 2 == 0 ? Integrity::kCrc32c : Integrity::kSha256;
  return settings;
}

Trouble TroubleOf(uint64_t seed, int day) {
  constexpr Trouble kOfDays[] = {Trouble::kMembership, Trouble::kLies, Trouble::kRot, Trouble::kMembership};
  return kOfDays[(seed / 4 + static_cast<uint64_t>(day)) % 4];
}

class Simulation {
 public:
  Simulation(uint64_t seed, Findings& findings)
      : seed_(seed),
        settings_(SettingsOf(seed)),
        site_(seed, findings),
        random_(seed * 13 + 5),
        collector_(site_),
        repairer_(site_),
        administrator_(site_, repairer_, random_),
        workload_(site_, settings_.history_ms > 0) {
    for (int i = 0; i < kClients; ++i) {
      const int64_t clock_error = static_cast<int64_t>(random_.Below(400'000)) - 200'000;
      const uint64_t own_seed = seed * 100 + static_cast<uint64_t>(i);
      machines_.push_back(std::make_unique<ClientMachine>(site_, own_seed, clock_error, i == kClients - 1));
    }
    scenes_ = std::make_unique<Scenes>(Scenes::Parts{site_, *machines_[0], *machines_[1], collector_, repairer_,
                                                     administrator_, workload_, settings_, random_,
                                                     [this] { AwaitWhole(); }});
  }

  void Run(Report& report) {
    if (!MakeBucket()) return;
    for (int day = 0; day < kDays && site_.findings.all().empty(); ++day) {
      Day(TroubleOf(seed_, day));
    }
    if (site_.findings.all().empty()) End();
    report.done = workload_.done, report.in_doubt = workload_.in_doubt;
    report.lost_fragments = administrator_.lost_fragments;
    for (const auto& machine : machines_) report.rehomes += machine->rehomes();
  }

 private:
  bool MakeBucket() {
    Client& client = machines_[0]->client();
    auto made = client.CreateBucket(Context::WithTimeout(kQuiet), settings_);
    if (!made.ok()) return site_.findings.Add("no bucket: " + made.status().ToString()), false;
    const auto put = made->Put(Context::WithTimeout(kQuiet), "x", ByteSpan());
    if (!put.ok()) return site_.findings.Add("no object: " + put.status().ToString()), false;
    bucket_ = made->info().id;
    workload_.SetMain(*put, client.Wid());
    return true;
  }

  // ---- a day ---------------------------------------------------------------------------------------------------------------------

  void Day(Trouble trouble) {
    bool over = false;
    std::vector<Thread> helpers;
    const auto again_and_again = [&](const char* name, Duration pause, std::function<void()> act) {
      helpers.emplace_back(name, [&over, pause, act = std::move(act)] {
        for (; !over; SleepFor(pause)) act();
      });
    };
    RottenDisk rotten(site_, random_);
    again_and_again("collector", std::chrono::milliseconds(1000), [&] { collector_.Round(); });
    again_and_again("repairer", std::chrono::milliseconds(600), [&] { repairer_.Round(); });
    if (trouble == Trouble::kMembership)
      again_and_again("administrator", std::chrono::milliseconds(400), [&] { administrator_.Act(); });
    if (trouble == Trouble::kRot) again_and_again("rot", std::chrono::milliseconds(600), [&] { rotten.Rot(); });
    collector_.link = {.drop_request = 0.05, .drop_reply = 0.05, .double_request = 0.05};
    repairer_.link = {.drop_request = 0.02, .drop_reply = 0.02, .double_request = 0.02};

    bool morning = false;
    ClientMachine& patient_one = *machines_.back();
    Thread patient("patient", [&] {
      WorkOn(patient_one, kSteps / 2);
      // Its machine is suspended amid one of a few appends, and goes on in the morning.
      if (!morning) patient_one.SleepBeforeCall(2 + static_cast<int>(patient_one.random.Below(4)));
      AppendSome(patient_one);
    });
    std::vector<Thread> workers;
    for (size_t i = 0; i + 1 < machines_.size(); ++i)
      workers.emplace_back("client", [this, &machine = *machines_[i]] { WorkOn(machine, kSteps); });
    DisturbNetwork(site_, machines_, repairer_, trouble, random_);
    for (Thread& worker : workers) worker.Join();
    Heal(site_, machines_);
    over = true;
    for (Thread& helper : helpers) helper.Join();
    rotten.Stop();
    patient_one.SleepUntil(MonotonicTime::max());
    Evening(trouble);
    Dusk();
    scenes_->PlayOne();
    Night();
    morning = true;
    patient_one.SleepUntil(MonotonicNow());
    patient.Join();
  }

  void WorkOn(ClientMachine& machine, int steps) {
    for (int step = 0; step < steps; ++step) {
      auto bucket = machine.client().OpenBucket(Context::WithTimeout(kQuiet), settings_.name);
      if (!bucket.ok()) return site_.findings.Add("the bucket cannot be opened: " + bucket.status().ToString());
      workload_.Step(machine, *bucket);
      if (machine.random.Below(6) == 0)
        SleepFor(std::chrono::seconds(1 + machine.random.Below(8)));  // what is garbage by now goes
      if (machine.crashed()) machine.Reboot();
    }
  }
  void AppendSome(ClientMachine& machine) {
    auto bucket = machine.client().OpenBucket(Context::WithTimeout(kQuiet), settings_.name);
    for (int append = 0; append < 3 && bucket.ok(); ++append) workload_.Append(machine, *bucket);
  }

  // Whatever was lost or displaced is made up for, and the catalog knows when that is so.
  void Evening(Trouble trouble) {
    administrator_.BringBack();
    collector_.link = repairer_.link = Link{};
    repairer_.stores.Heal();
    if (administrator_.EndDay()) (void)site_.catalog.Recheck(Context());
    if (trouble == Trouble::kRot) ScrubAll(site_);
    lied_ |= trouble == Trouble::kLies;
    AwaitWhole();
    if (trouble == Trouble::kLies) scenes_->LossAmidLies();
  }
  void AwaitWhole() {
    int round = 0;
    do {  // under lies a body may rightly have become suspect
      SleepFor(std::chrono::milliseconds(500));
      repairer_.Round();
    } while (!repairer_.IsWhole(lied_) && ++round < kEveningRounds);
    if (!repairer_.IsWhole(lied_))
      return site_.findings.Add("in the evening not all is whole: " + repairer_.trouble.ToString());
    CheckEverythingIsWhole(site_);
  }

  // What was overwritten is garbage by now, but for the past that the bucket keeps.
  void Dusk() {
    if (settings_.history_ms == 0 || !site_.findings.all().empty()) return;
    SleepFor(2 * kGrace);
    for (int round = 0; round < 2; ++round) collector_.Round();
    auto bucket = machines_[0]->client().OpenBucket(Context::WithTimeout(kQuiet), settings_.name);
    for (int look = 0; look < 5 && bucket.ok(); ++look) workload_.LookBack(*machines_[0], *bucket);
  }

  void Night() {
    SleepFor(kMostOfNight);  // late and doubled calls arrive
    CollectAll();
    SleepFor(kRestOfNight);
  }

  void CollectAll() {
    SleepFor(std::chrono::minutes(2));         // the floor passes what was done last
    for (int round = 0; round < 6; ++round) {  // clones; what they referenced; their bodies; orphans
      collector_.Round();
      SleepFor(2 * kGrace);
    }
  }

  // ---- the end -------------------------------------------------------------------------------------------------------------------

  void End() {
    ClientMachine& machine = *machines_[0];
    auto bucket = machine.client().OpenBucket(Context::WithTimeout(kQuiet), settings_.name);
    if (!bucket.ok()) return site_.findings.Add("the bucket cannot be opened: " + bucket.status().ToString());
    TakeStoresFrom(machine);
    workload_.Check(*bucket);
    machine.Heal();
    workload_.UnbindAll(*bucket);
    Night();
    CheckNothingIsLeftOver(site_, bucket_, workload_.main().id);
    workload_.CheckMain(*bucket);
  }

  // Any two stores may go, and any domain.
  void TakeStoresFrom(ClientMachine& machine) {
    const auto draw = [this] { return site_.stores[random_.Below(site_.stores.size())].get(); };
    const SimulatedStore *const first = draw(), *const second = draw();
    const bool domain = random_.Below(2) == 0;
    for (const auto& store : site_.stores) {
      const bool drawn = store.get() == first || store.get() == second;
      machine.stores[store->id].cut = domain ? store->domain == first->domain : drawn;
    }
  }

  const uint64_t seed_;
  const BucketSettings settings_;
  Site site_;
  SeededRandom random_;
  CollectorMachine collector_;
  RepairerMachine repairer_;
  Administrator administrator_;
  Workload workload_;
  BucketId bucket_;
  bool lied_ = false;
  std::vector<std::unique_ptr<ClientMachine>> machines_;
  std::unique_ptr<Scenes> scenes_;
};

}  // namespace

Report Simulate(uint64_t seed) {
  Report report;
  Findings findings;
  SimulatedScheduler scheduler(seed);
  scheduler.Run([&] { Simulation(seed, findings).Run(report); });
  report.findings = findings.all();
  report.switches = scheduler.switches();
  return report;
}

}  // namespace pbfs::simulation
