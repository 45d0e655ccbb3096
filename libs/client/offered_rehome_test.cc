// Rehomes that clients do by themselves, over the in-memory twins, in virtual time.
#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"
#include "libs/client/client.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/byte_array_model.h"

namespace pbfs {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int64_t kSize = 1 << 20;

/// Virtual time as a wall clock.
class VirtualClock final : public Clock {
 public:
  int64_t NowMicros() const override {
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(MonotonicNow().time_since_epoch());
    return 1'760'000'000'000'000 + passed.count();
  }
};

Context Patience() { return Context::WithTimeout(minutes(5)); }

/// A cluster and an object of 1 MiB in it, in virtual time.
class World {
 public:
  explicit World(uint64_t seed) : random(seed), cluster(Options(seed, clock)), maker(cluster.NewClient(Off())) {
    BucketSettings settings;
    settings.name = "b";
    bucket.emplace(*maker->CreateBucket(Patience(), settings));
    Bytes content(kSize);
    random.Fill(content);
    object = bucket->Put(Patience(), "x", content)->object;
    model.Write({1, 1}, 0, content);  // what is returned is the order of its name
  }
  static ClientOptions Off() {
    ClientOptions options;
    options.rehome_offers.enabled = false;
    return options;
  }
  std::unique_ptr<Client> NewClient(const ClientOptions& options = {}) { return cluster.NewClient(options); }
  Bucket Open(Client& client) { return *client.OpenBucket(Patience(), "b"); }
  void Patch(Bucket& by, int64_t lo, size_t size) {
    Bytes bytes(size);
    random.Fill(bytes);
    const auto done = by.Write(Patience(), object, lo, bytes);
    ASSERT_OK(done);
    model.Write(done->order, lo, bytes);
  }
  void PatchOften(Bucket& by, int times) {
    for (int i = 0; i < times; ++i) Patch(by, static_cast<int64_t>(random.Below(kSize - 3000)), 1 + random.Below(3000));
  }
  void ReadAll(Bucket& by) {
    MemorySink sink;
    ASSERT_OK(by.Read(Patience(), object, 0, kMaxObjectSize, sink));
    ASSERT_TRUE(sink.bytes() == model.Fold());
  }
  int64_t Bodies() {
    const auto extents = bucket->Extents(Patience(), object, 0, 16 * kSize);
    EXPECT_OK(extents);
    std::set<BodyId> bodies;
    for (const VisibleExtent& extent : *extents) bodies.insert(extent.source.body);
    return static_cast<int64_t>(bodies.size());
  }

  SeededRandom random;
  VirtualClock clock;
  TwinCluster cluster;
  std::unique_ptr<Client> maker;
  std::optional<Bucket> bucket;  // of a client that rehomes nothing by itself
  ObjectId object;
  ByteArrayModel model;

 private:
  static TwinCluster::Options Options(uint64_t seed, const Clock& clock) {
    TwinCluster::Options options;
    options.seed = seed;
    options.clock = &clock;
    return options;
  }
};

void InVirtualTime(const std::function<void(World&)>& body) {
  SimulatedScheduler scheduler(TestSeed());
  scheduler.Run([&] {
    World world(TestSeed());
    body(world);
  });
}

TEST(OfferedRehomeTest, AReaderMendsWhatItFindsFragmented) {
  InVirtualTime([](World& world) {
    world.PatchOften(*world.bucket, 350);
    EXPECT_GT(world.Bodies(), 256);
    const auto client = world.NewClient();
    Bucket reader = world.Open(*client);
    world.ReadAll(reader);
    SleepFor(seconds(10));
    EXPECT_EQ(client->Stats().rehomes_offered, 1);
    EXPECT_EQ(client->Stats().rehomes_done, 1);
    EXPECT_GT(client->Stats().rehome_bytes, 0);
    EXPECT_LE(world.Bodies(), 2);
    world.ReadAll(reader);
    world.ReadAll(*world.bucket);
    SleepFor(minutes(10));
    EXPECT_EQ(client->Stats().rehomes_offered, 1) << "it is mended";
  });
}

TEST(OfferedRehomeTest, AReaderOfASmallPartNoticesAsWell) {
  InVirtualTime([](World& world) {
    for (int64_t i = 0; i < 300; ++i) world.Patch(*world.bucket, i * 3000, 500);
    const auto client = world.NewClient();
    Bucket reader = world.Open(*client);
    Bytes part(100'000);
    ASSERT_OK(reader.Read(Patience(), world.object, 400'000, part));
    SleepFor(seconds(10));
    EXPECT_EQ(client->Stats().rehomes_done, 1);
    EXPECT_LE(world.Bodies(), 2);
    world.ReadAll(reader);
  });
}

TEST(OfferedRehomeTest, AWriterThatNeverReadsMendsWhatItPatched) {
  InVirtualTime([](World& world) {
    const auto client = world.NewClient();
    Bucket writer = world.Open(*client);
    world.PatchOften(writer, 200);
    SleepFor(minutes(1));
    EXPECT_EQ(client->Stats().rehomes_offered, 0) << "a few patches are fine";
    world.PatchOften(writer, 200);
    SleepFor(minutes(1));
    EXPECT_EQ(client->Stats().rehomes_done, 1);
    EXPECT_LE(world.Bodies(), 2);
    world.ReadAll(*world.bucket);
  });
}

TEST(OfferedRehomeTest, OffMeansNever) {
  InVirtualTime([](World& world) {
    world.PatchOften(*world.bucket, 350);
    world.ReadAll(*world.bucket);
    SleepFor(minutes(10));
    EXPECT_EQ(world.maker->Stats().rehomes_offered, 0);
    EXPECT_GT(world.Bodies(), 256);
  });
}

TEST(OfferedRehomeTest, AClientThatEndsCallsItsRehomeOff) {
  InVirtualTime([](World& world) {
    for (int64_t i = 0; i < 350; ++i) world.Patch(*world.bucket, i * 20'000, 20'000);
    ClientOptions slow;
    slow.rehome_offers.policy.bytes_per_second = 1;  // weeks
    auto client = world.NewClient(slow);
    Bucket reader = world.Open(*client);
    world.ReadAll(reader);
    const int64_t lists = client->Stats().lists;
    SleepFor(minutes(1));
    EXPECT_GT(client->Stats().lists, lists) << "it is at it";
    const MonotonicTime asked = MonotonicNow();
    client.reset();
    EXPECT_LE(MonotonicNow() - asked, seconds(1));
    EXPECT_GT(world.Bodies(), 256);
    world.ReadAll(*world.bucket);
  });
}

TEST(OfferedRehomeTest, AnOfferTakesNoMoreThanHalfOfTheMemoryAndDoesWithout) {
  InVirtualTime([](World& world) {
    world.PatchOften(*world.bucket, 350);
    ClientOptions small;
    small.memory_bytes = 32 << 20;
    const auto client = world.NewClient(small);
    Bucket reader = world.Open(*client);
    world.ReadAll(reader);
    SleepFor(minutes(1));
    EXPECT_EQ(client->Stats().rehomes_failed, 1);
    EXPECT_GT(world.Bodies(), 256);
    EXPECT_EQ(reader.Rehome(Patience(), world.object)->merged, 1)
        << "one that is asked for waits for all that it needs";
    world.ReadAll(reader);
  });
}

TEST(OfferedRehomeTest, StoresThatAreAwayFailItAndAWhileLaterItIsDone) {
  InVirtualTime([](World& world) {
    world.PatchOften(*world.bucket, 350);
    const auto client = world.NewClient();
    Bucket reader = world.Open(*client);
    world.ReadAll(reader);
    for (int i = 0; i < 8; ++i) world.cluster.store(i).SetFull(true);
    SleepFor(minutes(2));
    EXPECT_EQ(client->Stats().rehomes_failed, 1);
    for (int i = 0; i < 8; ++i) world.cluster.store(i).SetFull(false);
    world.ReadAll(reader);
    SleepFor(minutes(2));
    EXPECT_EQ(client->Stats().rehomes_done, 1);
    world.ReadAll(reader);
  });
}

TEST(OfferedRehomeTest, ConcurrentWritersLoseNothing) {
  InVirtualTime([](World& world) {
    ClientOptions eager;
    RehomeOfferOptions& offers = eager.rehome_offers;
    offers.policy.gather_bodies = 4;
    offers.policy.tier_bodies = 3;
    offers.policy.rewrite_extents = 60;
    offers.policy.bytes_per_second = 1 << 20;
    offers.concurrent = 2;
    offers.delay = std::chrono::milliseconds(20);
    offers.interval = offers.idle_interval = std::chrono::milliseconds(20);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(world.NewClient(eager));
    std::vector<Thread> writers;
    for (const auto& client : clients) {
      writers.emplace_back("writer", [&world, c = client.get()] {
        Bucket writer = world.Open(*c);
        for (int i = 0; i < 150; ++i) {
          world.PatchOften(writer, 1);
          if (world.random.Below(30) == 0) {
            const auto size = static_cast<int64_t>(world.random.Below(kSize));
            ASSERT_OK_AND_ASSIGN(const Written cut, writer.Truncate(Patience(), world.object, size));
            world.model.Truncate(cut.order, size);
          }
          SleepFor(std::chrono::milliseconds(world.random.Below(30)));
        }
      });
    }
    for (Thread& writer : writers) writer.Join();
    int64_t merged = 0;
    for (const auto& client : clients) merged += client->Stats().rehomes_done;
    EXPECT_GT(merged, 10);
    world.ReadAll(*world.bucket);
    SleepFor(minutes(1));
    world.ReadAll(*world.bucket);
  });
}

}  // namespace
}  // namespace pbfs
