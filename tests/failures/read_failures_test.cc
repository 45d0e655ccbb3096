// Readers whose stores are away or lie, whose lists grow old, who are shown the past.
#include "libs/base/simulated_scheduler.h"
#include "libs/client/testing/twin_site.h"
#include "libs/format/fragment.h"
#include "libs/format/keyring.h"
#include "tests/failures/failure_matrix.h"

namespace pbfs {
namespace {

/// The bytes [lo, hi).
ByteSpan Part(const Bytes& bytes, size_t lo, size_t hi) { return ByteSpan(bytes).subspan(lo, hi - lo); }

/// More than m stores of `patch`, of which no more than m hold some of `beneath`; empty if they share too many.
std::vector<int> LosingOnly(const FailureSite::Holders& patch, const FailureSite::Holders& beneath) {
  std::set<int> shared;
  for (const auto& [shard, store] : beneath) shared.insert(store);
  std::vector<int> down;
  for (const auto& [shard, store] : patch) {
    if (!shared.contains(store)) down.push_back(store);
  }
  if (down.empty()) return {};
  for (const auto& [shard, store] : patch) {
    if (down.size() < 3 && shared.contains(store)) down.push_back(store);
  }
  return down;
}

TEST(FailureMatrix, F14_WithMoreThanMStoresDownARangeIsUnavailableAndNeverOlder) {
  FailureSite site(12);
  Bytes old = site.Data(), patch = site.Data(100'000);
  const ObjectId object = site.Put("x", old);
  const auto beneath = site.Encodings().at(site.ExtentAt(object, 0).encoding->id);
  std::vector<int> down;
  for (int tries = 0; tries < 50 && down.empty(); ++tries) {
    ASSERT_OK(site.bucket->Write(TestContext(), object, 100'000, ByteSpan(patch)));
    down = LosingOnly(site.Encodings().at(site.ExtentAt(object, 100'000).encoding->id), beneath);
  }
  ASSERT_GE(down.size(), 3u);
  for (const int store : down) site.cluster.store(store).SetDown(true);
  Bytes out(100'000);
  ASSERT_OK(site.bucket->Read(TestContext(), object, 0, out));
  EXPECT_TRUE(Equal(out, Part(old, 0, 100'000)));
  ASSERT_OK(site.bucket->Read(TestContext(), object, 200'000, out));
  EXPECT_TRUE(Equal(out, Part(old, 200'000, 300'000)));
  const Status lost = site.bucket->Read(TestContext(), object, 100'000, out).status();
  EXPECT_CODE(lost, kUnavailable);
  EXPECT_THAT(lost.message(), testing::HasSubstr("object " + object.ToString()));
  Bytes edge(2);
  EXPECT_CODE(site.bucket->Read(TestContext(), object, 99'999, edge), kUnavailable);
  for (const int store : down) site.cluster.store(store).SetDown(false);
  ASSERT_OK(site.bucket->Read(TestContext(), object, 100'000, out));
  EXPECT_EQ(out, patch);
}

/// Replaces store `place` by one with the same fragments, but for a changed byte in the first block of each, under a
/// CRC that is right.
void MakeALiar(TwinSite& site, const Clock& clock, size_t place, const Geometry& geometry) {
  const StoreId id{static_cast<uint32_t>(place + 1)};
  auto liar = std::make_shared<MemoryFragmentStore>(StoreIdentity{id, SiteId{1}, {}, {}}, clock);
  ASSERT_OK_AND_ASSIGN(const ListFragmentsReply all, site.memory[place]->List(TestContext(), {}));
  for (const FragmentInfo& fragment : all.fragments) {
    ReadRequest whole;
    whole.ranges = {{fragment.key, 0, fragment.length}};
    Bytes bytes = ToBytes(site.memory[place]->StartRead(TestContext(), whole, {})->Wait(TestContext())->parts[0].bytes);
    const MutableByteSpan block =
        MutableByteSpan(bytes).subspan(Geometry::kFragmentHeader, static_cast<size_t>(geometry.Block(0)));
    block[5] ^= 1;
    StoreLe<uint32_t>(block.data() + block.size(), BlockCrc(fragment.key.encoding, fragment.key.shard, 0, block));
    const auto writer = liar->StartPut(TestContext(), {fragment.key, fragment.length, {}}, {});
    ASSERT_OK(writer->Append(TestContext(), Buffer::FromBytes(std::move(bytes))));
    ASSERT_OK(writer->Finish(TestContext()));
  }
  site.table.Set(id, liar);
}

TEST(FailureMatrix, F16_AWrongBlockUnderARightCrcIsDecodedAroundAndItsStoreNamed) {
  const SystemClock clock;
  TwinSite site(clock, 6);
  const auto client = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
  Bytes bytes(60'000);
  site.random.Fill(bytes);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
  for (size_t place = 0; place < 6; ++place) {
    SCOPED_TRACE(place);
    MakeALiar(site, clock, place, {4, 6, 16, false, 60'000});
    const auto reader = site.MakeClient();
    ASSERT_OK_AND_ASSIGN(Bucket theirs, reader->OpenBucket(TestContext(), "b"));
    Bytes out(bytes.size());
    ASSERT_OK(theirs.Read(TestContext(), put.object, 0, out));
    EXPECT_EQ(out, bytes);
    ASSERT_OK_AND_ASSIGN(const ListFragmentsReply held, site.memory[place]->List(TestContext(), {}));
    const StoreId id{static_cast<uint32_t>(place + 1)};
    const std::map<StoreId, int64_t> named = reader->Stats().corrupt;
    if (held.fragments.at(0).key.shard < 4) {  // a parity shard is not asked for unless a data shard lies
      EXPECT_EQ(named, (std::map<StoreId, int64_t>{{id, 1}}));
    }
    site.table.Set(id, site.faulty[place]);
  }
}

TEST(FailureMatrix, F26_WhatAReaderHasListedItCanReadUntilItsLeaseIsOver) {
  FailureSite site;
  const Bytes old = site.Data(), fresh = site.Data();
  const ObjectId object = site.Put("x", old);
  HookedCatalog catalog(site.cluster.catalog().ports());
  const auto reader = site.NewClient(catalog.ports());
  Bucket theirs = FailureSite::Open(*reader);
  catalog.after_list = Once([&] {
    ASSERT_OK(site.bucket->Write(TestContext(), object, 0, ByteSpan(fresh)));
    site.Jump(std::chrono::minutes(29));
    EXPECT_EQ(site.Collect(), 0);
  });
  Bytes out(old.size());
  ASSERT_OK(theirs.Read(TestContext(), object, 0, out));
  EXPECT_EQ(out, old);
  site.Jump(std::chrono::minutes(2));
  EXPECT_EQ(site.Collect(), 1);
  EXPECT_EQ(site.Fragments(), 6);
  ASSERT_OK(theirs.Read(TestContext(), object, 0, out));
  EXPECT_EQ(out, fresh);
  EXPECT_LT(std::chrono::milliseconds(kListLeaseMs) + std::chrono::minutes(2), collector::Collector::Options().grace);
}

/// A reader lists an object; before it asks a store for any of it, `meanwhile` happens and so much time passes. What it
/// then gets.
Bytes ReadSlowly(FailureSite& site, ObjectId object, Duration pause, const std::function<void()>& meanwhile) {
  HookedStores stores(site.cluster.fragment_stores(), [wait = Once([&] {
                                                         meanwhile();
                                                         SleepFor(pause);
                                                         site.Collect();
                                                       })]() mutable { return wait(), OkStatus(); });
  ClientOptions patient;
  patient.timeout = std::chrono::hours(10);
  const auto reader = site.NewClient(site.cluster.catalog().ports(), stores, patient);
  Bytes out(FailureSite::kSize);
  const auto got = FailureSite::Open(*reader).Read(Context(), object, 0, out);
  EXPECT_OK(got);
  EXPECT_GT(reader->Stats().lists_again, 0);
  out.resize(got.ok() ? static_cast<size_t>(*got) : 0);
  return out;
}

TEST(FailureMatrix, F27_AReaderSlowerThanItsLeaseListsAgain) {
  // With the fragments still there, and with them gone.
  for (const Duration pause : {std::chrono::minutes(16), std::chrono::minutes(40)}) {
    SimulatedScheduler scheduler(TestSeed());
    scheduler.Run([&] {
      FailureSite site;
      const Bytes fresh = site.Data();
      const ObjectId object = site.Put("x", site.Data());
      const Bytes got = ReadSlowly(site, object, pause,
                                   [&] { ASSERT_OK(site.bucket->Write(Context(), object, 0, ByteSpan(fresh))); });
      EXPECT_TRUE(got == fresh);
      const Bytes shorter =
          ReadSlowly(site, object, pause, [&] { ASSERT_OK(site.bucket->Truncate(Context(), object, 1000)); });
      EXPECT_TRUE(Equal(shorter, Part(fresh, 0, 1000)));
    });
  }
}

/// The next keyring of the site's bucket, with a fresh key, in the catalog; what it replaces.
Buffer Rotate(FailureSite& site) {
  KeyStore& keys = site.cluster.keys();
  const ClientIdentity identity = *keys.Identity();
  const BucketInfo info = *site.cluster.catalog().FindBucket(TestContext(), "b", 0);
  const Keyring now = *Keyring::Decode(info.keyring, *keys.AdminPublicKey());
  Key32 fresh;
  site.random.Fill(fresh.mutable_span());
  const Keyring next =
      RotateKeyring(now, info.keyring, *OpenKeyring(now, identity.box), fresh,
                    {{identity.box.public_key, identity.signing.public_key, KeyringRole::kWriter, {}}}, site.random);
  EXPECT_OK(site.cluster.catalog().SetKeyring(TestContext(), info.id, info.keyring_version,
                                              Buffer::FromBytes(next.Encode(*keys.AdminKey()))));
  return info.keyring;
}

TEST(FailureMatrix, F50_AKeyringOlderThanOneSeenBeforeIsRefused) {
  FailureSite site;
  const Buffer old = Rotate(site);
  const auto client = site.cluster.NewClient(), later = site.cluster.NewClient();
  ASSERT_OK(client->OpenBucket(TestContext(), "b"));
  const BucketInfo info = *site.cluster.catalog().FindBucket(TestContext(), "b", 0);
  ASSERT_OK(site.cluster.catalog().SetKeyring(TestContext(), info.id, info.keyring_version, old));
  for (Client* const any : {client.get(), later.get()}) {  // what was seen outlives the process
    const Status refused = any->OpenBucket(TestContext(), "b").status();
    EXPECT_CODE(refused, kDataLoss);
    EXPECT_EQ(refused.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK");
  }
}

TEST(FailureMatrix, F51_BodiesOfEveryKeyAreReadableWhileThereIsANewerOne) {
  FailureSite site;
  const Bytes before = site.Data(), after = site.Data(100);
  const ObjectId first = site.Put("x", before);
  Rotate(site);
  const auto client = site.cluster.NewClient();
  site.bucket.emplace(FailureSite::Open(*client));
  const ObjectId second = site.Put("y", after);
  site.ExpectContent(first, before);
  site.ExpectContent(second, after);
}

TEST(FailureMatrix, F64_AReadOfThePastWhileItExpiresIsExactOrRefused) {
  FailureSite site;
  site.KeepHistory(std::chrono::hours(2));
  const Bytes first = site.Data();
  ASSERT_OK_AND_ASSIGN(const Written put, site.bucket->Put(TestContext(), "x", ByteSpan(first)));
  site.Jump(std::chrono::minutes(1));
  ASSERT_OK(site.bucket->Write(TestContext(), put.object, 0, ByteSpan(site.Data())));
  HookedCatalog catalog(site.cluster.catalog().ports());
  const auto reader = site.NewClient(catalog.ports());
  Bucket theirs = FailureSite::Open(*reader);
  catalog.after_list = Once([&] {
    site.Jump(std::chrono::hours(3));
    EXPECT_EQ(site.Collect(), 0) << "the row went just now";
    site.Jump(std::chrono::minutes(29));
    EXPECT_EQ(site.Collect(), 0);
  });
  Bytes out(first.size());
  ASSERT_OK(theirs.Read(TestContext(), put.object, 0, out, {put.order.hlc}));
  EXPECT_EQ(out, first);
  const Status expired = theirs.Read(TestContext(), put.object, 0, out, {put.order.hlc}).status();
  EXPECT_CODE(expired, kOutOfRange);
  EXPECT_EQ(expired.Detail("pbfs-code").value_or(""), "HISTORY_EXPIRED");
  site.Jump(std::chrono::minutes(2));
  EXPECT_EQ(site.Collect(), 1);
  EXPECT_EQ(site.Fragments(), 6);
}

}  // namespace
}  // namespace pbfs
