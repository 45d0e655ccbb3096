// Clients that patch, cut, rehome and read one object, and make and delete others, while the network loses calls, stores come and
// go, lose what they have and are replaced, a repairer makes up for that and a collector frees what it can, in virtual time. Clients
// rehome by themselves as well.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/client/client.h"
#include "libs/fragments/map_fragment_stores.h"
#include "libs/fragments/memory_fragment_store.h"
#include "services/catalog/token_issuer.h"
#include "services/garbage-collector/collector.h"
#include "services/repairer/repairer.h"
#include "tests/simulation/history_check.h"
#include "tests/simulation/network.h"

namespace pbfs::simulation {
namespace {

constexpr int kStores = 8;
constexpr int kClients = 3;
constexpr int kDays = 2;
constexpr int kSteps = 12;  // of each client, a day
constexpr int64_t kSpace = 40000;
constexpr Duration kPatience = std::chrono::seconds(8);  // of one call of a client
// What a client has listed it reads within its patience, so fragments need not stay longer than that and some.
constexpr Duration kGrace = 2 * kPatience;
constexpr Duration kNight = std::chrono::hours(26);  // longer than L + M, and than the hold of a rehome's sources

/// The wall clock of a simulated machine: virtual time plus a fixed error.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(int64_t error_micros) : error_micros_(error_micros) {}
  int64_t NowMicros() const override {
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(MonotonicNow().time_since_epoch()).count();
    return 1'760'000'000'000'000 + passed + error_micros_;
  }

 private:
  const int64_t error_micros_;
};

/// Rehomes in the background after a few patches.
RehomeOfferOptions EagerOffers() {
  RehomeOfferOptions offers;
  offers.policy.gather_bodies = 3;
  offers.policy.tier_bodies = 2;
  offers.delay = std::chrono::milliseconds(100);
  offers.interval = std::chrono::milliseconds(200);
  return offers;
}

/// One client with its own links, clock and randomness.
struct Machine {
  Machine(uint64_t seed, int64_t clock_error, Catalog site, Tokens& tokens, Network& network,
          const std::vector<std::shared_ptr<MemoryFragmentStore>>& site_stores, KeyStore& keys)
      : clock(clock_error), random(seed), catalog(site, catalog_link, network) {
    for (size_t i = 0; i < site_stores.size(); ++i) {
      stores.Set(StoreId{static_cast<uint32_t>(i + 1)},
                 std::make_shared<RemoteFragmentStore>(site_stores[i], store_links[i], network));
    }
    ClientOptions options;
    options.timeout = std::chrono::seconds(20);
    options.rehome_offers = EagerOffers();
    const Catalog ports{catalog, catalog, catalog, site.buckets, site.groups, site.journal};
    client = *Client::Create(options, {ports, &tokens, stores, keys, clock, random});
  }
  SimulatedClock clock;
  SeededRandom random;
  Link catalog_link;
  Link store_links[kStores];
  RemoteCatalog catalog;
  MapFragmentStores stores;
  std::unique_ptr<Client> client;
};

/// A whole run: what was tried, seen, and left.
struct Outcome {
  std::vector<Attempt> attempts;
  std::vector<Observation> observations;
  std::vector<HistoryEntry> history;
  Bytes final_bytes;
  int done = 0, in_doubt = 0, lost_fragments = 0;
  int64_t rehomes = 0;  // that clients did by themselves
};

ModelOp DrawOp(Random& random) {
  ModelOp op;
  op.lo = static_cast<int64_t>(random.Below(kSpace));
  const uint64_t kind = random.Below(10);
  if (kind == 0) {
    op.kind = OpKind::kTrunc;
    op.hi = op.lo;
    return op;
  }
  op.hi = op.lo + 1 + static_cast<int64_t>(random.Below(random.Below(2) == 0 ? 200 : 30000));
  if (kind == 1) {
    op.kind = OpKind::kZero;
    return op;
  }
  op.bytes.resize(static_cast<size_t>(op.hi - op.lo));
  random.Fill(op.bytes);
  return op;
}

Result<Written> Perform(Bucket& bucket, const Context& context, ObjectId object, const ModelOp& op) {
  if (op.kind == OpKind::kTrunc) return bucket.Truncate(context, object, op.lo);
  if (op.kind == OpKind::kZero) return bucket.Zero(context, object, op.lo, op.hi);
  return bucket.Write(context, object, op.lo, ByteSpan(op.bytes));
}

void Patch(Machine& machine, Bucket& bucket, ObjectId object, Outcome& run) {
  Attempt attempt;
  attempt.op = DrawOp(machine.random);
  attempt.invoked = MonotonicNow();
  const Result<Written> done = Perform(bucket, Context::WithTimeout(kPatience), object, attempt.op);
  attempt.returned = MonotonicNow();
  attempt.wid = machine.client->Wid();
  if (done.ok()) attempt.order = done->order;
  attempt.outcome = done.ok() ? Attempt::Outcome::kDone : Attempt::Outcome::kInDoubt;
  (done.ok() ? run.done : run.in_doubt) += 1;
  run.attempts.push_back(std::move(attempt));
}

void Look(Machine& machine, Bucket& bucket, ObjectId object, Outcome& run) {
  Observation seen;
  seen.lo = static_cast<int64_t>(machine.random.Below(kSpace));
  seen.bytes.resize(1 + machine.random.Below(20000));
  seen.invoked = MonotonicNow();
  const auto got = bucket.Read(Context::WithTimeout(kPatience), object, seen.lo, seen.bytes);
  seen.returned = MonotonicNow();
  if (!got.ok()) {
    EXPECT_NE(got.status().code(), StatusCode::kDataLoss) << got.status().ToString();
    return;
  }
  seen.bytes.resize(static_cast<size_t>(*got));
  if (*got > 0) run.observations.push_back(std::move(seen));
}

/// Another object, which lives for a while.
void Churn(Machine& machine, Bucket& bucket) {
  const std::string name = "y" + std::to_string(machine.random.Below(4));
  const Context context = Context::WithTimeout(kPatience);
  if (machine.random.Below(2) == 0) {
    (void)bucket.Put(context, name, Bytes(machine.random.Below(20000), 7));  // may be in doubt, as may the next
  } else {
    (void)bucket.Unbind(context, name);
  }
}

void Merge(Bucket& bucket, ObjectId object) {
  RehomePolicy policy;
  policy.always_rewrite = true;
  (void)bucket.Rehome(Context::WithTimeout(kPatience), object, policy);  // whatever comes of it, no byte may change
}

void Step(Machine& machine, Bucket& bucket, ObjectId object, Outcome& run) {
  switch (machine.random.Below(12)) {
    case 0: return Churn(machine, bucket);
    case 1: return Merge(bucket, object);
    case 2:
    case 3:
    case 4:
    case 5: return Look(machine, bucket, object, run);
    default: return Patch(machine, bucket, object, run);
  }
}

/// All fragments of a store.
std::vector<FragmentInfo> FragmentsOf(MemoryFragmentStore& store, Tokens& tokens) {
  ListFragmentsRequest all;
  all.limit = 10000;
  all.token = tokens.IssueToken(Context(), "operator", BucketId{}, kTokenList)->token;
  const Result<ListFragmentsReply> reply = store.List(Context(), all);
  EXPECT_OK(reply);
  return reply.ok() ? reply->fragments : std::vector<FragmentInfo>();
}

/// The collector's machine: it passes over catalog and stores, and again and again its calls are lost or doubled.
class CollectorMachine {
 public:
  CollectorMachine(MemoryCatalog& catalog, Tokens& tokens, Network& network,
                   const std::vector<std::shared_ptr<MemoryFragmentStore>>& site_stores)
      : catalog_(catalog), tokens_(tokens), garbage_(catalog, link, network) {
    for (size_t i = 0; i < site_stores.size(); ++i)
      stores_.Set(StoreId{static_cast<uint32_t>(i + 1)},
                  std::make_shared<RemoteFragmentStore>(site_stores[i], link, network));
  }
  /// One round; what fails is for the next one.
  void Round() {
    (void)catalog_.AdvanceFloor(Context());
    (void)collector_.CollectCatalog(Context::WithTimeout(std::chrono::minutes(1)));
    (void)collector_.CollectTombstones(Context::WithTimeout(std::chrono::minutes(1)));
    for (uint32_t i = 1; i <= kStores; ++i)
      (void)collector_.SweepStore(Context::WithTimeout(std::chrono::minutes(1)), StoreId{i});
    (void)collector_.ConfirmOrphans(Context::WithTimeout(std::chrono::minutes(1)));
  }
  Link link;

 private:
  static collector::Collector::Options Options() {
    collector::Collector::Options options;
    options.grace = kGrace;
    options.page = 3;
    return options;
  }
  MemoryCatalog& catalog_;
  Tokens& tokens_;
  RemoteGarbage garbage_;
  MapFragmentStores stores_;
  SimulatedClock clock_{30'000};
  collector::Collector collector_{{garbage_, catalog_, stores_, &tokens_, clock_}, Options()};
};

/// The repairer's machine, and an administrator who takes stores out of service and back, and loses the content of one.
class RepairerMachine {
 public:
  RepairerMachine(MemoryCatalog& catalog, Tokens& tokens, Network& network,
                  const std::vector<std::shared_ptr<MemoryFragmentStore>>& site_stores)
      : catalog_(catalog), tokens_(tokens), site_stores_(site_stores), repairs_(catalog, link, network) {
    for (size_t i = 0; i < site_stores.size(); ++i)
      stores_.Set(StoreId{static_cast<uint32_t>(i + 1)},
                  std::make_shared<RemoteFragmentStore>(site_stores[i], link, network));
  }
  /// One round; what fails is for the next one.
  void Round() {
    (void)repairer_.MarkCorrupt(Context::WithTimeout(std::chrono::minutes(1)));
    (void)repairer_.CheckGroups(Context::WithTimeout(std::chrono::minutes(1)));
    const auto pass = repairer_.RepairMissing(Context::WithTimeout(std::chrono::minutes(1)));
    trouble = pass.ok() ? pass->trouble : pass.status();
  }
  /// Another store goes, or the one that went comes back. Until all is whole again no further one goes, and one a day loses what it
  /// has: a write in flight has five receipts, and what two of those who gave them lose before it commits is lost.
  void ChangeMembership(Random& random) {
    const Result<Redundancy> now = catalog_.GetRedundancy(Context());
    if (away_ != 0) {
      SetState(away_, StoreState::kUp);
      away_ = 0;
    } else if (now.ok() && now->degraded.empty() && now->backfilling + now->unchecked == 0) {
      away_ = 1 + static_cast<uint32_t>(random.Below(kStores));
      SetState(away_, random.Below(2) == 0 ? StoreState::kDraining : StoreState::kDown);
      if (!lost_today_ && random.Below(2) == 0) LoseContent(away_);
    }
  }
  void BringBack() {
    if (away_ != 0) SetState(away_, StoreState::kUp);
    away_ = 0;
    lost_today_ = false;
  }
  /// Whether every shard is accounted for, and none is missing.
  bool IsWhole() {
    const Result<Redundancy> now = catalog_.GetRedundancy(Context());
    return now.ok() && now->degraded.empty() && now->backfilling + now->unchecked == 0 && now->suspects == 0;
  }
  Link link;
  int lost = 0;    // fragments
  Status trouble;  // of the last round

 private:
  static repairer::Repairer::Options Options() {
    repairer::Repairer::Options options;
    options.page = 3;
    options.groups_a_pass = kPlacementGroups;
    options.silence = std::chrono::milliseconds(200);
    options.extra_reads = 1;
    return options;
  }
  void SetState(uint32_t id, StoreState state) {
    StoreInfo info = *catalog_.WatchMap(Context(), -1)->FindStore(StoreId{id});
    info.state = state;
    (void)catalog_.PutStore(Context(), info);  // a drain may be refused
  }
  void LoseContent(uint32_t id) {
    lost_today_ = true;
    MemoryFragmentStore& store = *site_stores_[id - 1];
    for (const FragmentInfo& fragment : FragmentsOf(store, tokens_)) lost += store.Lose(fragment.key) ? 1 : 0;
    (void)catalog_.Recheck(Context());
  }
  MemoryCatalog& catalog_;
  Tokens& tokens_;
  const std::vector<std::shared_ptr<MemoryFragmentStore>>& site_stores_;
  RemoteRepairs repairs_;
  MapFragmentStores stores_;
  SimulatedClock clock_{-20'000};
  Executor executor_{"repair", 2, 100};
  repairer::Repairer repairer_{{repairs_, catalog_, stores_, &tokens_, clock_, executor_}, Options()};
  uint32_t away_ = 0;
  bool lost_today_ = false;
};

/// With nobody at work and the night over: each fragment in a store is of a body that an extent of `object` names.
void ExpectNoGarbage(MemoryCatalog& catalog, Tokens& tokens,
                     const std::vector<std::shared_ptr<MemoryFragmentStore>>& stores, BucketId bucket,
                     ObjectId object) {
  std::set<EncodingId> held;
  for (const auto& store : stores) {
    for (const FragmentInfo& fragment : FragmentsOf(*store, tokens)) held.insert(fragment.key.encoding);
  }
  ASSERT_OK_AND_ASSIGN(const ListReply list, catalog.List(Context(), {bucket, object, 0, kSpace * 4}));
  std::set<BodyId> named;
  for (const Extent& extent : list.extents) {
    if (extent.source.kind == SourceKind::kBody) named.insert(extent.source.body);
  }
  std::set<EncodingId> visible;
  for (const BodyRow& body : list.bodies) {
    if (body.encoding) visible.insert(body.encoding->id);
  }
  EXPECT_LE(held.size(), named.size());
  EXPECT_TRUE(std::includes(held.begin(), held.end(), visible.begin(), visible.end()));
  EXPECT_TRUE(catalog.ListPurging(Context(), 1)->empty());
}

// Cuts up to two stores off for everybody, and makes links lossy, again and again.
void Disturb(std::vector<std::unique_ptr<Machine>>& machines, Random& random) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = random.Below(kStores), second = random.Below(kStores);
    const double loss = static_cast<double>(random.Below(10)) / 100;
    const bool slow = random.Below(4) == 0;
    for (auto& machine : machines) {
      for (uint64_t i = 0; i < kStores; ++i) {
        machine->store_links[i].cut = i == first || i == second;
        machine->store_links[i].drop_reply = loss / 4;
        machine->store_links[i].delay_max = std::chrono::milliseconds(slow ? 3000 : 2);
      }
      machine->catalog_link.drop_request = loss;
      machine->catalog_link.drop_reply = loss;
      machine->catalog_link.double_request = loss;
    }
    SleepFor(std::chrono::milliseconds(random.Below(500)));
  }
}

void Heal(std::vector<std::unique_ptr<Machine>>& machines) {
  for (auto& machine : machines) {
    machine->catalog_link = Link{};
    for (Link& link : machine->store_links) link = Link{};
  }
}

void Simulate(uint64_t seed, Outcome& run) {
  const SimulatedClock clock(0);
  SeededRandom random(seed);
  MemoryCatalog catalog(clock);
  Key32 token_seed;
  random.Fill(token_seed.mutable_span());
  const SigningKey token_key = SigningKeyFromSeed(token_seed);
  catalog::TokenIssuer tokens(catalog, clock, random, {SiteId{1}, [&] { return token_key; }});
  std::vector<std::shared_ptr<MemoryFragmentStore>> stores;
  for (uint32_t i = 1; i <= kStores; ++i) {
    stores.push_back(
        std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{i}, SiteId{1}, {}, token_key.public_key}, clock));
    EXPECT_OK(
        catalog.PutStore(Context(), {StoreId{i}, "simulated", "domain-" + std::to_string(i), StoreState::kUp, 1}));
  }
  MemoryKeyStore keys(random);
  Postman postman;
  Network network(seed * 7 + 1, postman);
  CollectorMachine collector(catalog, tokens, network, stores);
  RepairerMachine repairer(catalog, tokens, network, stores);
  std::vector<std::unique_ptr<Machine>> machines;
  for (int i = 0; i < kClients; ++i) {
    const int64_t clock_error = static_cast<int64_t>(random.Below(400'000)) - 200'000;
    machines.push_back(std::make_unique<Machine>(seed * 100 + static_cast<uint64_t>(i), clock_error, catalog.ports(),
                                                 tokens, network, stores, keys));
  }
  BucketSettings settings;
  settings.name = "b";
  auto made = machines[0]->client->CreateBucket(Context::WithTimeout(std::chrono::seconds(60)), settings);
  ASSERT_OK(made);
  ASSERT_OK_AND_ASSIGN(const Written put, made->Put(Context::WithTimeout(std::chrono::seconds(60)), "x", ByteSpan()));

  for (int day = 0; day < kDays; ++day) {
    bool over = false;
    Thread collecting("collector", [&] {
      for (; !over; SleepFor(std::chrono::milliseconds(500))) collector.Round();
    });
    Thread repairing("repairer", [&] {
      for (; !over; SleepFor(std::chrono::milliseconds(300))) repairer.Round();
    });
    Thread administrator("administrator", [&] {
      for (; !over; SleepFor(std::chrono::milliseconds(700))) repairer.ChangeMembership(random);
    });
    std::vector<Thread> threads;
    for (auto& machine : machines) {
      threads.emplace_back("client", [&, m = machine.get()] {
        ASSERT_OK_AND_ASSIGN(Bucket bucket, m->client->OpenBucket(Context::WithTimeout(std::chrono::minutes(1)), "b"));
        for (int step = 0; step < kSteps; ++step) Step(*m, bucket, put.object, run);
      });
    }
    collector.link = {.drop_request = 0.05, .drop_reply = 0.05, .double_request = 0.05};
    repairer.link = {.drop_request = 0.02, .drop_reply = 0.02, .double_request = 0.02};
    Disturb(machines, random);
    for (Thread& thread : threads) thread.Join();
    Heal(machines);
    over = true;
    collecting.Join();
    repairing.Join();
    administrator.Join();
    repairer.BringBack();
    SleepFor(kNight);  // late and doubled calls arrive
  }
  for (int name = 0; name < 4; ++name)
    (void)made->Unbind(Context::WithTimeout(std::chrono::minutes(1)), "y" + std::to_string(name));
  collector.link = Link{};
  repairer.link = Link{};
  SleepFor(std::chrono::minutes(2));         // the floor passes that
  for (int round = 0; round < 3; ++round) {  // objects; their bodies, and marks; orphans
    collector.Round();
    SleepFor(2 * kGrace);
  }
  ExpectNoGarbage(catalog, tokens, stores, made->info().id, put.object);
  run.lost_fragments = repairer.lost;
  for (int round = 0; round < 20 && !repairer.IsWhole(); ++round) repairer.Round();
  EXPECT_TRUE(repairer.IsWhole()) << repairer.trouble.ToString();
  // So any two stores may go now.
  const uint64_t first = random.Below(kStores), second = random.Below(kStores);
  for (auto& machine : machines) machine->store_links[first].cut = machine->store_links[second].cut = true;
  MemorySink sink;
  ASSERT_OK(made->Read(Context::WithTimeout(std::chrono::seconds(60)), put.object, 0, kSpace * 4, sink));
  run.final_bytes = sink.Take();
  for (const auto& machine : machines) run.rehomes += machine->client->Stats().rehomes_done;
  ASSERT_OK_AND_ASSIGN(run.history,
                       made->History(Context::WithTimeout(std::chrono::seconds(60)), put.object, INT64_MAX, 10000));
}

TEST(SimulationTest, EveryHistoryIsOneThatBytesCouldHave) {
  const char* const wanted = std::getenv("PBFS_TEST_SEEDS");  // how many, for scripts/simulate
  const auto seeds = static_cast<uint64_t>(wanted != nullptr ? std::atoi(wanted) : TestScaled(20));
  const uint64_t first = TestSeed(1);
  int done = 0, in_doubt = 0, lost = 0;
  int64_t rehomes = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("replay: PBFS_TEST_SEED=" + std::to_string(seed) + ", or scripts/simulate --replay " +
                 std::to_string(seed));
    Outcome run;
    SimulatedScheduler scheduler(seed);
    scheduler.Run([&] { Simulate(seed, run); });
    ASSERT_EQ(CheckHistory(run.history, run.attempts, run.observations, run.final_bytes), "");
    done += run.done;
    in_doubt += run.in_doubt;
    lost += run.lost_fragments;
    rehomes += run.rehomes;
  }
  RecordProperty("writes_done", done);
  RecordProperty("rehomes", static_cast<int>(rehomes));
  EXPECT_TRUE(lost > 0 || wanted != nullptr) << "no store lost anything";
  EXPECT_TRUE(rehomes > 0 || wanted != nullptr) << "offers that nobody took up";
  EXPECT_GT(done, in_doubt) << "a simulation in which hardly anything works shows nothing";
}

// Or a seed would replay nothing. The first run finds caches of the process empty, the second does not.
TEST(SimulationTest, ASeedTakesTheSameCourseAgain) {
  std::vector<uint64_t> switches;
  for (int round = 0; round < 2; ++round) {
    Outcome run;
    SimulatedScheduler scheduler(77);
    scheduler.Run([&] { Simulate(77, run); });
    switches.push_back(scheduler.switches());
  }
  EXPECT_EQ(switches[0], switches[1]);
}

// The checker itself: it must notice a lost write, a changed byte and a read from the past.
TEST(SimulationTest, TheCheckerNoticesWhatIsWrong) {
  const MonotonicTime t0{}, t1 = t0 + std::chrono::seconds(1), t2 = t0 + std::chrono::seconds(2),
                            t3 = t0 + std::chrono::seconds(3);
  const ModelOp write{OpKind::kWrite, 0, 3, {1, 2, 3}};
  const std::vector<Attempt> attempts = {{write, 7, t0, t1, Attempt::Outcome::kDone, {5, 7}}};
  HistoryEntry entry;
  entry.order = {5, 7};
  entry.hi = 3;
  entry.authentic = true;
  const Bytes right = {1, 2, 3};
  EXPECT_EQ(CheckHistory({entry}, attempts, {{0, right, t2, t3}}, right), "");
  EXPECT_NE(CheckHistory({}, attempts, {}, {}), "") << "an acknowledged write is gone";
  EXPECT_NE(CheckHistory({entry}, attempts, {}, {1, 2, 4}), "") << "another byte at the end";
  EXPECT_NE(CheckHistory({entry}, attempts, {{0, {0, 0, 0}, t2, t3}}, right), "") << "a read from the past";
  EXPECT_NE(CheckHistory({entry}, {}, {}, right), "") << "an op that nobody made";
}

}  // namespace
}  // namespace pbfs::simulation
