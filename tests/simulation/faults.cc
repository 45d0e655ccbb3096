#include "tests/simulation/faults.h"

#include <algorithm>

#include "tests/simulation/site_checks.h"

namespace pbfs::simulation {
namespace {

using Machines = std::vector<std::unique_ptr<ClientMachine>>;

constexpr int kDrainRounds = 40;

Duration Below(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.Below(static_cast<uint64_t>(most.count()))));
}

std::vector<SimulatedStore*> StoresInService(Site& site) {
  std::vector<SimulatedStore*> stores;
  for (const auto& store : site.stores) {
    if (!store->removed) stores.push_back(store.get());
  }
  return stores;
}

struct Weather {
  StoreId first_cut, second_cut;
  bool for_repair = false;  // is the repairer cut off from them too
  double loss = 0;
  bool slow = false;
  StoreId liar;
};

void Apply(const Weather& weather, Link& link, StoreId store) {
  link.cut = store == weather.first_cut || store == weather.second_cut;
  link.drop_reply = weather.loss / 4;
  link.delay_max = std::chrono::milliseconds(weather.slow ? 3000 : 2);
  link.lie = store == weather.liar ? 0.5 : 0;
}

void Apply(const Weather& weather, Site& site, Machines& machines, RepairerMachine& repairer) {
  for (const auto& store : site.stores) {
    for (auto& machine : machines) {
      if (!machine->crashed()) Apply(weather, machine->stores[store->id], store->id);
    }
    Link& link = repairer.stores[store->id];
    link.cut = weather.for_repair && (store->id == weather.first_cut || store->id == weather.second_cut);
    link.lie = store->id == weather.liar ? 0.5 : 0;
  }
  for (auto& machine : machines) {
    if (machine->crashed()) continue;
    Link& link = machine->catalog_link;
    link.drop_request = link.drop_reply = link.double_request = weather.loss;
    link.lie = weather.liar.value != 0 ? 0.1 : 0;
  }
}

// Commits that the new primary has not seen were acknowledged to nobody: calls in progress fail, having happened or not.
void FailOver(Site& site, Random& random) {
  site.network.catalog_away = true;
  SleepFor(Below(random, std::chrono::milliseconds(500)));
  const int64_t most = random.Below(3) == 0 ? 2'000'000 : 200'000;  // a lease and that are less than the grace
  site.catalog_clock.SetError(static_cast<int64_t>(random.Below(2 * most)) - most);
  site.network.catalog_away = false;
}

void FillUp(Site& site, bool full, Random& random) {
  const std::vector<SimulatedStore*> stores = StoresInService(site);
  for (SimulatedStore* store : stores) store->machine->SetFull(false);
  if (full) stores[random.Below(stores.size())]->machine->SetFull(true);
}

void StrikeOne(Machines& machines, Random& random) {
  ClientMachine& machine = *machines[random.Below(machines.size())];
  if (!machine.patient() && random.Below(2) == 0) return machine.Crash();
  if (!machine.IsAsleep())
    machine.SleepUntil(MonotonicNow() + Below(random, machine.patient() ? std::chrono::minutes(1) : kPatience));
}

}  // namespace

void DisturbNetwork(Site& site, Machines& machines, RepairerMachine& repairer, Trouble trouble, Random& random) {
  const std::vector<SimulatedStore*> stores = StoresInService(site);
  const auto draw = [&] { return stores[random.Below(stores.size())]->id; };
  const StoreId liar = trouble == Trouble::kLies ? draw() : StoreId{};
  for (int round = 0; round < 10; ++round) {
    Weather weather{
        draw(), draw(), random.Below(2) == 0, static_cast<double>(random.Below(10)) / 100, random.Below(4) == 0, liar};
    // From k shards a repair cannot tell that one is a lie (crc32c, by design), so then it can reach the others.
    if (liar.value != 0) weather.for_repair = false;
    if (random.Below(3) == 0) weather.first_cut = weather.second_cut = StoreId{};
    Apply(weather, site, machines, repairer);
    FillUp(site, random.Below(4) == 0, random);
    if (random.Below(3) == 0) StrikeOne(machines, random);
    if (random.Below(6) == 0) FailOver(site, random);
    if (random.Below(8) == 0) machines[random.Below(machines.size())]->catalog_link.cut = true;
    SleepFor(Below(random, std::chrono::milliseconds(500)));
    for (auto& machine : machines) machine->catalog_link.cut = machine->crashed();
  }
  FillUp(site, false, random);
}

void Heal(Site& site, Machines& machines) {
  site.network.catalog_away = false;
  for (auto& machine : machines) {
    if (machine->crashed()) machine->Reboot();
    machine->Heal();
  }
}

// ---- membership ----------------------------------------------------------------------------------------------------------------

void Administrator::Act() {
  if (away_.value == 0) {
    TakeAway();
  } else if (!draining_ || !Remove(away_)) {
    if (random_.Below(3) == 0) BringBack();
  }
  if (!lost_today_ && !removed_today_ && random_.Below(6) == 0) LoseContent();
}

SimulatedStore* Administrator::DrawStoreInService() {
  const std::vector<SimulatedStore*> stores = StoresInService(site_);
  return stores[random_.Below(stores.size())];
}

// A drain takes nothing from anybody, so it may begin at any time. What is taken for dead is made anew elsewhere.
void Administrator::TakeAway() {
  const StoreId id = DrawStoreInService()->id;
  draining_ = random_.Below(3) > 0;
  if (!draining_ && !repairer_.IsWhole()) return;
  if (!site_.SetState(id, draining_ ? StoreState::kDraining : StoreState::kDown).ok()) return;
  away_ = id;
  if (draining_ && random_.Below(2) == 0) Remove(id);
}

// A store that may be removed is not needed: it is thrown away, and a new one takes its place.
bool Administrator::Remove(StoreId id) {
  if (lost_today_ || !site_.SetState(id, StoreState::kGone).ok()) return false;
  ThrowAway(*site_.FindStore(id));
  removed_today_ = true;
  away_ = {};
  return true;
}

void Administrator::ThrowAway(SimulatedStore& store) {
  CheckMayBeRemoved(site_, store);
  store.removed = true;
  store.machine->SetDown(true);
  for (const FragmentInfo& fragment : site_.FragmentsOf(store)) store.disk->Lose(fragment.key);
  site_.AddStore(store.domain);
}

bool Administrator::Replace(StoreId id) {
  if (!site_.SetState(id, StoreState::kDraining).ok()) return false;
  for (int round = 0; !site_.SetState(id, StoreState::kGone).ok(); ++round) {
    if (round == kDrainRounds) return false;
    SleepFor(std::chrono::milliseconds(500));
    repairer_.Round();
  }
  ThrowAway(*site_.FindStore(id));
  return true;
}

void Administrator::LoseContent() {
  if (away_.value != 0 && !draining_) return;
  lost_today_ = true;
  SimulatedStore& store = *DrawStoreInService();
  for (const FragmentInfo& fragment : site_.FragmentsOf(store))
    lost_fragments += store.disk->Lose(fragment.key) ? 1 : 0;
  (void)site_.catalog.Recheck(Context());
}

void Administrator::BringBack() {
  if (away_.value != 0) (void)site_.SetState(away_, StoreState::kUp);
  away_ = {};
}

// ---- rot -------------------------------------------------------------------------------------------------------------------------

RottenDisk::RottenDisk(Site& site, Random& random) : site_(site), random_(random) {
  const std::vector<SimulatedStore*> stores = StoresInService(site);
  store_ = stores[random.Below(stores.size())];
}

void RottenDisk::Rot() {
  for (const FragmentInfo& fragment : site_.FragmentsOf(*store_)) {
    if (random_.Below(3) == 0)
      store_->disk->Damage(fragment.key, static_cast<int64_t>(random_.Below(static_cast<uint64_t>(fragment.length))));
  }
  store_->machine->SetCorruptPuts(random_.Below(2) == 0);
  store_->machine->SetCorruptReads(random_.Below(4) == 0);
}

void RottenDisk::Stop() {
  store_->machine->SetCorruptPuts(false);
  store_->machine->SetCorruptReads(false);
}

void ScrubAll(Site& site) {
  for (const SimulatedStore* store : StoresInService(site)) {
    for (const FragmentInfo& fragment : site.FragmentsOf(*store)) {
      const FragmentRange all{fragment.key, 0, fragment.length};
      (void)store->disk->StartRead(Context(), {{all}, site.OperatorToken()}, {})->Wait(Context());
    }
  }
}

}  // namespace pbfs::simulation
