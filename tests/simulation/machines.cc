#include "tests/simulation/machines.h"

namespace pbfs::simulation {
namespace {

/// Rehomes in the background after a few patches.
RehomeOfferOptions EagerOffers() {
  RehomeOfferOptions offers;
  offers.policy.gather_bodies = 3;
  offers.policy.tier_bodies = 2;
  offers.delay = std::chrono::milliseconds(100);
  offers.interval = std::chrono::milliseconds(200);
  return offers;
}

constexpr Duration kDays = std::chrono::hours(60);
constexpr Duration kRound = std::chrono::minutes(1);

}  // namespace

// ---- clients -----------------------------------------------------------------------------------------------------------------

ClientMachine::ClientMachine(Site& site, uint64_t seed, int64_t clock_error_micros, bool patient)
    : random(seed),
      stores(site),
      site_(site),
      clock_(clock_error_micros),
      patience_(patient ? kDays : kPatience),
      catalog_(site.catalog.ports(), catalog_link, site.network, site.leases) {
  Reboot();
}

void ClientMachine::Crash() {
  crashed_ = true;
  catalog_link.cut = true;
  for (const auto& store : site_.stores) stores[store->id].cut = true;
}

void ClientMachine::Reboot() {
  if (client_ != nullptr) rehomes_ += client_->Stats().rehomes_done;
  client_.reset();
  if (crashed_) Heal();
  crashed_ = false;
  catalog_.ForgetClient();
  ClientOptions options;
  options.timeout = patience_ == kDays ? kDays : std::chrono::seconds(20);
  options.threads = options.streams_in_flight = 2;  // on whatever machine this runs
  options.rehome_offers = EagerOffers();
  const Catalog& site = site_.catalog.ports();
  const Catalog ports{catalog_, catalog_, catalog_, catalog_, site.buckets, site.groups, site.journal};
  client_ = *Client::Create(options, {ports, &site_.tokens, stores, site_.keys, clock_, random});
}

void ClientMachine::SleepUntil(MonotonicTime when) {
  catalog_link.calls_until_sleep = -1;
  catalog_link.asleep_until = when;
  StoresSleepUntil(when);
}

void ClientMachine::StoresSleepUntil(MonotonicTime when) {
  for (const auto& store : site_.stores) stores[store->id].asleep_until = when;
}

void ClientMachine::Heal() {
  if (crashed_ && client_ != nullptr) return;  // first it has to reboot
  catalog_link = Link{.asleep_until = catalog_link.asleep_until,
                      .calls_until_sleep = catalog_link.calls_until_sleep,
                      .wakes = catalog_link.wakes,
                      .lies_told = catalog_link.lies_told};
  stores.Heal();
}

// ---- servers' helpers ---------------------------------------------------------------------------------------------------------

void CollectorMachine::Round() {
  (void)site_.catalog.AdvanceFloor(Context());
  (void)collector_.CollectCatalog(Context::WithTimeout(kRound));
  for (const auto& store : site_.stores) (void)collector_.SweepStore(Context::WithTimeout(kRound), store->id);
  (void)collector_.ConfirmOrphans(Context::WithTimeout(kRound));
  (void)collector_.CollectTombstones(Context::WithTimeout(kRound));
}

collector::Collector::Options CollectorMachine::Options() {
  collector::Collector::Options options;
  options.grace = kGrace;
  options.page = 3;
  return options;
}

void RepairerMachine::Round() {
  (void)repairer_.MarkCorrupt(Context::WithTimeout(kRound));
  const Marks before = MissingNow();
  const std::set<uint16_t> whole_before = WholeOf(before);
  (void)repairer_.CheckGroups(Context::WithTimeout(kRound));
  if (!before.empty()) CheckClaims(before, whole_before);
  const auto pass = repairer_.RepairMissing(Context::WithTimeout(kRound));
  trouble = pass.ok() ? pass->trouble : pass.status();
  (void)repairer_.DropOldCopies(Context::WithTimeout(kRound));
}

RepairerMachine::Marks RepairerMachine::MissingNow() {
  Marks marks;
  const auto bodies = site_.catalog.ListEncodings(Context(), {0, {}, kPlacementGroups - 1}, 100'000);
  for (const EncodedBody& body : *bodies) {
    if (body.missing != 0) marks[body.encoding.id] = body.missing;
  }
  return marks;
}

std::set<uint16_t> RepairerMachine::WholeOf(const Marks& marks) {
  std::set<uint16_t> whole;
  if (marks.empty()) return whole;
  const Result<ClusterMap> map = site_.catalog.WatchMap(Context(), -1);
  for (const auto& [encoding, shards] : marks) {
    const PlacementGroup& group = map->groups[PlacementGroupOf(encoding)];
    if (group.IsWhole()) whole.insert(group.group);
  }
  return whole;
}

void RepairerMachine::CheckClaims(const Marks& before, const std::set<uint16_t>& whole_before) {
  const std::set<uint16_t> whole = WholeOf(before);
  const bool all = IsWhole();
  for (const auto& [encoding, shards] : MissingNow()) {
    const auto marked = before.find(encoding);
    if (marked == before.end() || (marked->second & shards) == 0) continue;
    site_.findings.AddIf(all, "all is said to be whole, but a body has shards that are marked missing");
    const uint16_t group = PlacementGroupOf(encoding);
    const bool became = whole.contains(group) && !whole_before.contains(group);
    site_.findings.AddIf(became, "older places of a group are forgotten, but one of its bodies lacks a shard");
  }
}

bool RepairerMachine::IsWhole(bool suspects_allowed) {
  const Result<Redundancy> now = site_.catalog.GetRedundancy(Context());
  if (!now.ok() || (now->suspects > 0 && !suspects_allowed)) return false;
  return now->degraded.empty() && now->backfilling + now->unchecked == 0;
}

repairer::Repairer::Options RepairerMachine::Options() {
  repairer::Repairer::Options options;
  options.page = 3;
  options.groups_a_pass = kPlacementGroups;
  options.silence = std::chrono::milliseconds(200);
  options.extra_reads = 1;
  options.old_copies = kGrace;
  return options;
}

}  // namespace pbfs::simulation
