#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/testing.h"
#include "libs/catalog/catalog_decorator.h"
#include "libs/client/twin_cluster.h"
#include "services/garbage-collector/collector.h"

namespace pbfs {

/// The catalog as one client sees it, with something that happens before each of its Commits or after each List. Set
/// both before the client is used. Threads: those of one client call at a time.
class HookedCatalog final : public CatalogDecorator {
 public:
  explicit HookedCatalog(const Catalog& inner) : inner_(inner) {}
  /// What it answers ends the Commit, which then does not happen.
  std::function<Status(const CommitRequest&)> before_commit;
  std::function<void()> after_list;

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    if (before_commit) PBFS_RETURN_IF_ERROR(before_commit(request));
    return CatalogDecorator::Commit(context, request);
  }
  Result<ListReply> List(const Context& context, const ListRequest& request) override {
    Result<ListReply> reply = CatalogDecorator::List(context, request);
    if (after_list) after_list();
    return reply;
  }

 private:
  Status Around(const Context& context, const Call& call) override { return call(context, inner_); }
  const Catalog inner_;
};

/// The stores as one client sees them, with something that happens before each put, and each call of a read: what it
/// answers ends that. Threads: as `before`.
class HookedStores final : public FragmentStores {
 public:
  HookedStores(FragmentStores& inner, std::function<Status()> before) : inner_(inner), before_(std::move(before)) {}
  Result<std::shared_ptr<FragmentStore>> Find(StoreId store) override {
    PBFS_RETURN_IF_ERROR(before_());
    return inner_.Find(store);
  }

 private:
  FragmentStores& inner_;
  const std::function<Status()> before_;
};

/// Does `what` the first time that it is called.
inline std::function<void()> Once(std::function<void()> what) {
  return [what = std::move(what), done = false]() mutable {
    if (!std::exchange(done, true)) what();
  };
}

/// A wall clock that goes on, so that clients guess right what the catalog's shows, and that a test can set.
class JumpingClock final : public Clock {
 public:
  int64_t NowMicros() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(MonotonicNow() - began_).count() + micros_;
  }
  void Jump(Duration by) { micros_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count(); }

 private:
  const MonotonicTime began_ = MonotonicNow();
  std::atomic<int64_t> micros_{1'800'000'000'000'000};
};

/// A site in memory and a client of it with a bucket "b". Everybody goes by one clock.
class FailureSite {
 public:
  static constexpr size_t kSize = 300'000;  // of a body that is coded 4+2
  static constexpr Duration kSweepAge = std::chrono::hours(24) + std::chrono::minutes(1);  // more than L + M

  explicit FailureSite(int stores = 8) : cluster(OptionsFor(clock, stores)) {
    client = cluster.NewClient();
    MakeBucket({});
  }
  /// The bucket "b", with history.
  void KeepHistory(std::chrono::milliseconds history) {
    EXPECT_OK(client->DeleteBucket(TestContext(), "b"));
    MakeBucket(history);
  }
  /// Another client process, behind `catalog` and `stores`.
  std::unique_ptr<Client> NewClient(const Catalog& catalog, FragmentStores& stores, const ClientOptions& options = {}) {
    auto made = Client::Create(options, {catalog, nullptr, stores, cluster.keys(), clock, cluster.random()});
    PBFS_CHECK(made.ok(), made.status().ToString());
    return *std::move(made);
  }
  std::unique_ptr<Client> NewClient(const Catalog& catalog) { return NewClient(catalog, cluster.fragment_stores()); }
  static Bucket Open(Client& of) {
    auto opened = of.OpenBucket(Context(), "b");
    PBFS_CHECK(opened.ok(), opened.status().ToString());
    return *opened;
  }

  Bytes Data(size_t size = kSize) {
    Bytes bytes(size);
    random.Fill(bytes);
    return bytes;
  }
  ObjectId Put(const std::string& name, const Bytes& bytes) {
    const auto put = bucket->Put(Context(), name, ByteSpan(bytes));
    EXPECT_OK(put);
    return put.ok() ? put->object : ObjectId{};
  }
  void ExpectContent(ObjectId object, const Bytes& want) {
    MemorySink sink;
    EXPECT_OK(bucket->Read(Context(), object, 0, kMaxObjectSize, sink));
    EXPECT_TRUE(sink.bytes() == want);
  }
  void ExpectNotFound(const std::string& name) { EXPECT_CODE(bucket->Find(Context(), name), kNotFound); }
  /// How many ops the catalog has accepted.
  size_t Ops() { return cluster.catalog().ReadJournal(Context(), {}, 10'000)->size(); }

  // ---- what the stores hold ----------------------------------------------------------------------------------------
  /// By shard, the number (0, 1 ...) of the store that holds it.
  using Holders = std::map<uint8_t, int>;
  std::map<EncodingId, Holders> Encodings() {
    std::map<EncodingId, Holders> all;
    for (int i = 0; i < cluster.stores(); ++i) {
      const auto list = cluster.disk(i).List(Context(), {});
      EXPECT_OK(list);
      for (const FragmentInfo& fragment : list->fragments) all[fragment.key.encoding][fragment.key.shard] = i;
    }
    return all;
  }
  int64_t Fragments() {
    int64_t count = 0;
    for (const auto& [encoding, holders] : Encodings()) count += static_cast<int64_t>(holders.size());
    return count;
  }
  /// What is visible at `offset`.
  VisibleExtent ExtentAt(ObjectId object, int64_t offset) {
    const auto extents = bucket->Extents(Context(), object, offset, offset + 1);
    PBFS_CHECK(extents.ok() && extents->size() == 1);
    return extents->front();
  }

  // ---- time and the collector --------------------------------------------------------------------------------------
  /// The clock jumps, and the site's floor with it.
  void Jump(Duration time) {
    clock.Jump(time);
    EXPECT_OK(cluster.catalog().AdvanceFloor(Context()));
  }
  collector::Collector NewCollector() {
    return collector::Collector({cluster.catalog(), cluster.catalog(), cluster.fragment_stores(), nullptr, clock}, {});
  }
  /// How many bodies were purged.
  int64_t Collect() {
    const auto pass = NewCollector().CollectCatalog(Context());
    EXPECT_OK(pass);
    return pass.ok() ? pass->bodies : -1;
  }
  /// Marks, confirms, deletes. How many orphaned fragments went.
  int64_t Sweep() {
    int64_t deleted = 0;
    collector::Collector collector = NewCollector();
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < cluster.stores(); ++i) {
        const auto pass = collector.SweepStore(Context(), TwinCluster::IdOf(i));
        EXPECT_OK(pass);
        if (pass.ok()) deleted += pass->deleted;
      }
      EXPECT_OK(collector.ConfirmOrphans(Context()));
    }
    return deleted;
  }

 private:
  static TwinCluster::Options OptionsFor(const Clock& clock, int stores) {
    TwinCluster::Options options;
    options.stores = stores;
    options.seed = TestSeed();
    options.clock = &clock;
    return options;
  }
  void MakeBucket(std::chrono::milliseconds history) {
    BucketSettings settings;
    settings.name = "b";
    settings.history_ms = history.count();
    auto made = client->CreateBucket(Context(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
  }

 public:
  JumpingClock clock;
  SeededRandom random{TestSeed() + 1};
  TwinCluster cluster;
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
};

}  // namespace pbfs
