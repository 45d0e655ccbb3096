#include "tests/simulation/site.h"

#include <algorithm>

namespace pbfs::simulation {
namespace {

// So that a domain has more stores than it may hold shards of one encoding.
constexpr const char* kDomains[] = {"a", "a", "a", "b", "b", "c", "c", "d", "d"};

}  // namespace

int64_t SimulatedClock::NowMicros() const {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(MonotonicNow().time_since_epoch()).count();
  return 1'760'000'000'000'000 + passed + error_micros_;
}

SigningKey Site::DrawKey(Random& random) {
  Key32 seed;
  random.Fill(seed.mutable_span());
  return SigningKeyFromSeed(seed);
}

Site::Site(uint64_t seed, Findings& all_findings)
    : findings(all_findings),
      random(seed),
      leases(kPatience, findings),
      catalog(catalog_clock),
      tokens(catalog, catalog_clock, random, {SiteId{1}, [this] { return token_key_; }}),
      keys(random),
      network(seed * 7 + 1, postman),
      token_key_(DrawKey(random)) {
  stores.reserve(100);  // whoever walks over them is not disturbed by a further one
  for (const char* domain : kDomains) AddStore(domain);
}

SimulatedStore& Site::AddStore(const std::string& domain) {
  auto store = std::make_unique<SimulatedStore>();
  store->id = StoreId{static_cast<uint32_t>(stores.size() + 1)};
  store->domain = domain;
  store->disk = std::make_shared<MemoryFragmentStore>(StoreIdentity{store->id, SiteId{1}, {}, token_key_.public_key},
                                                      store_clock);
  store->machine = std::make_shared<FaultyFragmentStore>(store->disk);
  const Status joined = catalog.PutStore(Context(), {store->id, "simulated", domain, StoreState::kUp, 1});
  findings.AddIf(!joined.ok(), "a store cannot join");
  stores.push_back(std::move(store));
  return *stores.back();
}

SimulatedStore* Site::FindStore(StoreId id) {
  const bool known = id.value >= 1 && id.value <= stores.size();
  return known ? stores[id.value - 1].get() : nullptr;
}

Status Site::SetState(StoreId id, StoreState state) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, catalog.WatchMap(Context(), -1));
  StoreInfo info = *map.FindStore(id);
  info.state = state;
  return catalog.PutStore(Context(), info);
}

Buffer Site::OperatorToken() {
  const auto grant = tokens.IssueToken(Context(), "operator", BucketId{}, kTokenList | kTokenGet | kTokenDelete);
  PBFS_CHECK(grant.ok());
  return grant->token;
}

std::vector<FragmentInfo> Site::FragmentsOf(const SimulatedStore& store) {
  ListFragmentsRequest all;
  all.limit = 10000;
  all.token = OperatorToken();
  const Result<ListFragmentsReply> reply = store.disk->List(Context(), all);
  PBFS_CHECK(reply.ok());
  return reply->fragments;
}

Result<std::shared_ptr<FragmentStore>> StoreLinks::Find(StoreId id) {
  const SimulatedStore* const store = site_.FindStore(id);
  if (store == nullptr || store->removed) return UnavailableError("simulated: no such store");
  return std::shared_ptr<FragmentStore>(
      std::make_shared<RemoteFragmentStore>(store->machine, links_[id.value], site_.network, site_.leases));
}

void StoreLinks::Heal() {
  for (auto& [id, link] : links_) link = Link{.asleep_until = link.asleep_until, .lies_told = link.lies_told};
}

int64_t StoreLinks::lies_told() const {
  int64_t told = 0;
  for (const auto& [id, link] : links_) told += link.lies_told;
  return told;
}

}  // namespace pbfs::simulation
