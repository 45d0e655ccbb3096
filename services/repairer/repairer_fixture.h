#pragma once

#include <map>

#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"
#include "libs/format/fragment.h"
#include "services/repairer/repairer.h"

/// For tests of the repairer.
namespace pbfs::repairer {

using Fragments = std::map<std::pair<StoreId, FragmentKey>, Bytes>;

/// A client's objects on a cluster of eight stores in memory, and a repairer.
class RepairerTest : public testing::Test {
 protected:
  static TwinCluster::Options ClusterOptions(const Clock& clock) {
    TwinCluster::Options options;
    options.seed = TestSeed();
    options.clock = &clock;
    return options;
  }
  void SetUp() override { MakeBucket(Integrity::kCrc32c); }
  void MakeBucket(Integrity integrity) {
    if (client_ == nullptr) client_ = cluster_.NewClient();
    BucketSettings settings;
    settings.name = "b" + std::to_string(static_cast<int>(integrity));
    settings.integrity = integrity;
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
  }
  /// Objects of all kinds: replicated, short, and of several stripes and windows.
  void PutObjects(int count) {
    constexpr size_t kSizes[] = {5'000, 70'000, 300'000, 2'500'000};
    for (int i = 0; i < count; ++i) {
      Bytes content(kSizes[static_cast<size_t>(i) % std::size(kSizes)]);
      cluster_.random().Fill(content);
      const std::string name = "o" + std::to_string(contents_.size());
      ASSERT_OK(bucket_->Put(TestContext(), name, content));
      contents_[name] = {bucket_->info().settings.name, std::move(content)};
    }
  }
  Repairer MakeRepairer(Repairer::Options options = {}) {
    options.groups_a_pass = kPlacementGroups;
    options.silence = {};
    return Repairer({cluster_.catalog(), cluster_.catalog(), cluster_.fragment_stores(), nullptr, clock_, executor_,
                     &cluster_.catalog(), &cluster_.random()},
                    options);
  }
  /// Everything once, by a new repairer: corrupt fragments, all groups that are due, everything missing.
  RepairPass Repair(const Repairer::Options& options = {}) {
    Repairer repairer = MakeRepairer(options);
    EXPECT_OK(repairer.MarkCorrupt(TestContext()));
    const Result<CheckPass> checked = repairer.CheckGroups(TestContext());
    EXPECT_OK(checked);
    if (checked.ok()) checked_ = *checked;
    const Result<RepairPass> repaired = repairer.RepairMissing(TestContext());
    EXPECT_OK(repaired);
    return repaired.ok() ? *repaired : RepairPass{};
  }
  void SetState(int store, StoreState state) {
    StoreInfo info = *Map().FindStore(TwinCluster::IdOf(store));
    info.state = state;
    ASSERT_OK(cluster_.catalog().PutStore(TestContext(), info));
  }
  ClusterMap Map() { return *cluster_.catalog().WatchMap(TestContext(), -1); }
  Redundancy Now() { return *cluster_.catalog().GetRedundancy(TestContext()); }

  Fragments FragmentsOf(int i) {
    Fragments all;
    MemoryFragmentStore& disk = cluster_.disk(i);
    ListFragmentsRequest request;
    request.limit = 10'000;
    const ListFragmentsReply list = *disk.List(TestContext(), request);
    for (const FragmentInfo& info : list.fragments) {
      const auto read = disk.StartRead(TestContext(), {{{info.key, 0, info.length}}, {}}, {});
      const ReadReply reply = *read->Wait(TestContext());
      all[{TwinCluster::IdOf(i), info.key}] = ToBytes(reply.parts.at(0).bytes);
    }
    return all;
  }
  Fragments AllFragments() {
    Fragments all;
    for (int i = 0; i < cluster_.stores(); ++i) all.merge(FragmentsOf(i));
    return all;
  }
  int64_t Wipe(int store) {
    int64_t bytes = 0;
    for (const auto& [key, content] : FragmentsOf(store)) {
      EXPECT_TRUE(cluster_.disk(store).Lose(key.second));
      bytes += static_cast<int64_t>(content.size());
    }
    return bytes;
  }
  /// Puts other bytes in the place of a fragment's, all checksums right: what only a lying store does.
  void MakeLie(int store, const FragmentKey& key, Bytes bytes) {
    const FragmentHeader header = *FragmentHeader::Decode(ByteSpan(bytes).first(128));
    const Geometry& geometry = header.geometry;
    const auto at = static_cast<size_t>(geometry.StripeBegin(0)), block = static_cast<size_t>(geometry.Block(0));
    bytes[at + 7] ^= 1;
    StoreLe(bytes.data() + at + block, BlockCrc(key.encoding, key.shard, 0, {bytes.data() + at, block}));
    ASSERT_TRUE(cluster_.disk(store).Lose(key));
    auto writer = cluster_.disk(store).StartPut(TestContext(), {key, static_cast<int64_t>(bytes.size()), {}}, {});
    ASSERT_OK(writer->Append(TestContext(), Buffer::FromBytes(std::move(bytes))));
    ASSERT_OK(writer->Finish(TestContext()));
  }
  void ExpectAllReadable() {
    const auto reader = cluster_.NewClient();
    for (const auto& [name, content] : contents_) {
      ASSERT_OK_AND_ASSIGN(Bucket bucket, reader->OpenBucket(TestContext(), content.first));
      ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket.Find(TestContext(), name));
      Bytes got(content.second.size());
      ASSERT_OK(bucket.Read(TestContext(), object, 0, got));
      EXPECT_EQ(got, content.second) << name;
    }
  }

  ManualClock clock_{1'800'000'000'000'000};
  TwinCluster cluster_{ClusterOptions(clock_)};
  Executor executor_{"repair", 4, 1000};
  std::unique_ptr<Client> client_;
  std::unique_ptr<Bucket> bucket_;
  std::map<std::string, std::pair<std::string, Bytes>> contents_;
  CheckPass checked_;
};

}  // namespace pbfs::repairer
