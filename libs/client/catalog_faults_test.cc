// A catalog that lies, forgets, loses replies and fails: the client never believes, never loses, never does a thing twice.
#include <algorithm>
#include <optional>

#include "libs/base/testing.h"
#include "libs/client/opened_bucket.h"
#include "libs/client/testing/scripted_catalog.h"
#include "libs/client/twin_cluster.h"

namespace pbfs {
namespace {

class CatalogFaultsTest : public testing::Test {
 protected:
  CatalogFaultsTest() : client(cluster.NewClient({}, faulty.ports(), cluster.keys())) {
    BucketSettings settings;
    settings.name = "b";
    auto made = client->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
    object = bucket->Put(TestContext(), "x", Bytes(100'000, 1))->object;
    PBFS_CHECK(bucket->Write(TestContext(), object, 50, Bytes(20'000, 2)).ok());
  }
  Status ReadWith(std::function<void(ListReply&)> forge) {
    faulty.ForgeLists(std::move(forge));
    Bytes out(100'000);
    const Status status = bucket->Read(TestContext(), object, 0, out).status();
    faulty.ForgeLists(nullptr);
    return status;
  }
  void ExpectBadRecord(const char* what, std::function<void(ListReply&)> forge) {
    SCOPED_TRACE(what);
    const Status status = ReadWith(std::move(forge));
    EXPECT_CODE(status, kDataLoss);
    EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "BAD_RECORD") << status.ToString();
  }

  TwinCluster cluster;
  ScriptedCatalog faulty{cluster.catalog().ports()};
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
  ObjectId object;
};

// F49: order, inner offset, body, place, key, header, the record itself, records taken away.
TEST_F(CatalogFaultsTest, AForgedListIsABadRecord) {
  const auto newest = [](ListReply& reply) -> Extent& {
    return *std::max_element(reply.extents.begin(), reply.extents.end(),
                             [](const Extent& a, const Extent& b) { return a.order < b.order; });
  };
  const auto oldest = [](ListReply& reply) -> Extent& {
    return *std::min_element(reply.extents.begin(), reply.extents.end(),
                             [](const Extent& a, const Extent& b) { return a.order < b.order; });
  };
  ExpectBadRecord("order", [&](ListReply& reply) { newest(reply).order.hlc += 1; });
  ExpectBadRecord("writer", [&](ListReply& reply) { newest(reply).order.wid += 1; });
  ExpectBadRecord("inner", [&](ListReply& reply) { newest(reply).inner += 16; });
  ExpectBadRecord("moved", [&](ListReply& reply) { newest(reply).lo += 100, newest(reply).hi += 100; });
  ExpectBadRecord("longer", [&](ListReply& reply) { newest(reply).hi += 1; });
  ExpectBadRecord("body", [&](ListReply& reply) { newest(reply).source = oldest(reply).source; });
  ExpectBadRecord("zeros", [&](ListReply& reply) { newest(reply).source = Source::Zeros(), newest(reply).inner = 0; });
  ExpectBadRecord("op", [&](ListReply& reply) { newest(reply).op = oldest(reply).op; });
  ExpectBadRecord("header", [](ListReply& reply) { reply.bodies[0].header[8] ^= 1; });
  ExpectBadRecord("wrapped key", [](ListReply& reply) { reply.bodies[0].wrapped_dek[30] ^= 1; });
  ExpectBadRecord("epoch", [](ListReply& reply) { reply.bodies[0].key_epoch = 9; });
  ExpectBadRecord("swapped keys",
                  [](ListReply& reply) { std::swap(reply.bodies[0].wrapped_dek, reply.bodies[1].wrapped_dek); });
  ExpectBadRecord("record", [](ListReply& reply) {
    Bytes bytes = ToBytes(reply.records[0]);
    bytes[60] ^= 1;
    reply.records[0] = Buffer::FromBytes(std::move(bytes));
  });
  ExpectBadRecord("no record", [](ListReply& reply) { reply.records.clear(); });
  ExpectBadRecord("no body", [](ListReply& reply) { reply.bodies.clear(); });
  EXPECT_OK(ReadWith(nullptr));
}

TEST_F(CatalogFaultsTest, AForgedNameIsABadRecord) {
  const Written other = *bucket->Put(TestContext(), "y", Bytes{1});
  const NameEntry y = *cluster.catalog().Resolve(TestContext(), {bucket->info().id, "y", {}, 0});
  const auto find = [&](std::function<void(NameEntry&)> forge) {
    faulty.ForgeNames(std::move(forge));
    const Status status = bucket->Find(TestContext(), "x").status();
    faulty.ForgeNames(nullptr);
    return status.Detail("pbfs-code").value_or(status.ToString());
  };
  EXPECT_EQ(find([&](NameEntry& entry) { entry.object = other.object; }), "BAD_RECORD");
  EXPECT_EQ(
      find([&](NameEntry& entry) { entry.object = other.object, entry.record = y.record, entry.order = y.order; }),
      "BAD_RECORD");
  EXPECT_EQ(find([&](NameEntry& entry) { entry.order.hlc += 1; }), "BAD_RECORD");
  EXPECT_OK(bucket->Find(TestContext(), "x"));
}

// F47: what this client was promised is missing.
TEST_F(CatalogFaultsTest, AListWithoutOnesOwnNewestOpIsStale) {
  const Status status = ReadWith([](ListReply& reply) {
    const auto newest = std::max_element(reply.extents.begin(), reply.extents.end(),
                                         [](const Extent& a, const Extent& b) { return a.order < b.order; });
    for (RegionHead& head : reply.regions) head.max_hlc = newest->order.hlc - 1;
    reply.extents.erase(newest);
  });
  EXPECT_CODE(status, kDataLoss);
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

// Not only the newest: whatever of one's own writes is still remembered.
TEST_F(CatalogFaultsTest, AnOlderWriteLeftOutUnderNewerOnesIsNoticed) {
  const Order left_out = bucket->Write(TestContext(), object, 70'000, Bytes(10, 3))->order;
  ASSERT_OK(bucket->Write(TestContext(), object, 80'000, Bytes(10, 4)));
  const Status status = ReadWith([&](ListReply& reply) {
    std::erase_if(reply.extents, [&](const Extent& extent) { return extent.order == left_out; });
  });
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

// I29: what this client was shown of others' writes does not go back either.
TEST_F(CatalogFaultsTest, AListOlderThanOneSeenBeforeIsStale) {
  const auto other = cluster.NewClient();
  Bucket theirs = *other->OpenBucket(TestContext(), "b");
  ListReply before;
  ASSERT_OK(ReadWith([&](ListReply& reply) { before = reply; }));
  ASSERT_OK(theirs.Write(TestContext(), object, 0, Bytes(10, 9)));
  ASSERT_OK(ReadWith(nullptr));
  const Status status = ReadWith([&](ListReply& reply) { reply = before; });
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

/// Calls back between an answer of List and its arrival.
class OvertakenLists final : public Lists {
 public:
  OvertakenLists(Lists& inner, std::function<void()> overtake) : inner_(inner), overtake_(std::move(overtake)) {}
  Result<ListReply> List(const Context& context, const ListRequest& request) override {
    Result<ListReply> reply = inner_.List(context, request);
    overtake_();
    return reply;
  }
  Result<ObjectInfo> Stat(const Context& context, const StatRequest& request) override {
    return inner_.Stat(context, request);
  }
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override {
    return inner_.History(context, request);
  }

 private:
  Lists& inner_;
  std::function<void()> overtake_;
};

TEST_F(CatalogFaultsTest, AReadThatOnesOwnWritesOvertakeIsNotStale) {
  Catalog ports = cluster.catalog().ports();
  std::optional<Bucket> reader;
  OvertakenLists lists(cluster.catalog(), [&] { ASSERT_OK(reader->Write(TestContext(), object, 10, Bytes(5, 7))); });
  const auto one = cluster.NewClient(
      {}, {ports.commits, lists, ports.names, ports.uploads, ports.buckets, ports.groups, ports.journal},
      cluster.keys());
  reader.emplace(*one->OpenBucket(TestContext(), "b"));
  Bytes out(100'000);
  EXPECT_OK(reader->Read(TestContext(), object, 0, out));
  EXPECT_EQ(one->Stats().lists, 1);
}

TEST_F(CatalogFaultsTest, AnExtentLeftOutUnderAHonestHeadIsNoticed) {
  const Status status = ReadWith([](ListReply& reply) {
    reply.extents.erase(std::max_element(reply.extents.begin(), reply.extents.end(),
                                         [](const Extent& a, const Extent& b) { return a.order < b.order; }));
  });
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

TEST_F(CatalogFaultsTest, AnOlderBindingThanOnesOwnIsStale) {
  const BucketId id = bucket->info().id;
  const NameEntry old = *cluster.catalog().Resolve(TestContext(), {id, "x", {}, 0});
  ASSERT_OK(bucket->Put(TestContext(), "x", Bytes{9}));
  faulty.ForgeNames([&](NameEntry& entry) { entry = old; });
  const Status status = bucket->Find(TestContext(), "x").status();
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

// A catalog whose standby is behind answers with the past: of a name that was bound anew and deleted, that it still has an
// older object.
TEST_F(CatalogFaultsTest, ARestoreGoesByNoHistoryOlderThanOnesOwnNewestOp) {
  BucketSettings settings;
  settings.name = "kept";
  settings.history_ms = 3'600'000;
  ASSERT_OK_AND_ASSIGN(Bucket kept, client->CreateBucket(TestContext(), settings));
  ASSERT_OK(kept.Put(TestContext(), "x", Bytes{8}));
  const std::vector<NameEntry> past = *cluster.catalog().NameHistory(TestContext(), {kept.info().id, "x"});
  ASSERT_OK_AND_ASSIGN(const Written put, kept.Put(TestContext(), "x", Bytes{9}));
  ASSERT_OK(kept.Unbind(TestContext(), "x"));

  faulty.ForgeNameHistory([&](std::vector<NameEntry>& entries) { entries = past; });
  EXPECT_FALSE(kept.Restore(Context::WithTimeout(std::chrono::milliseconds(20)), "x").ok());
  EXPECT_CODE(kept.Find(TestContext(), "x"), kNotFound);

  int behind = 3;  // answers, until the standby has caught up
  faulty.ForgeNameHistory([&](std::vector<NameEntry>& entries) {
    if (behind-- > 0) entries = past;
  });
  ASSERT_OK_AND_ASSIGN(const ObjectId restored, kept.Restore(TestContext(), "x"));
  EXPECT_EQ(restored, put.object);
  ASSERT_OK_AND_ASSIGN(const ObjectId found, kept.Find(TestContext(), "x"));
  EXPECT_EQ(found, put.object);
}

// A standby that is behind: it lacks a name, shows one that is gone, or an older value.
TEST_F(CatalogFaultsTest, AListOfNamesShowsWhatThisClientDid) {
  ASSERT_OK_AND_ASSIGN(const NamePage past, bucket->ListNames(TestContext(), ""));  // "x" alone
  ASSERT_EQ(past.names.size(), 1U);
  ListNamesReply behind = *cluster.catalog().ListNames(TestContext(), {bucket->info().id, "", "", 10, {}});
  faulty.ForgeNamesLists([&](ListNamesReply& reply) { reply = behind; });
  const auto listed = [&](const std::string& prefix, const std::string& after = "") {
    std::string names;
    const auto page = bucket->ListNames(TestContext(), prefix, {.after = after});
    if (!page.ok()) return page.status().ToString();
    for (const auto& entry : page->names) names += entry.name + (entry.order > past.names[0].order ? "+" : "") + " ";
    return names;
  };
  EXPECT_EQ(listed(""), "x ");
  ASSERT_OK(bucket->Put(TestContext(), "y", Bytes{1}));
  EXPECT_EQ(listed(""), "x y+ ");
  EXPECT_EQ(listed("z"), "x ") << "none of the names in question is this client's";
  EXPECT_EQ(listed("", "y"), "x ");
  ASSERT_OK(bucket->Put(TestContext(), "x", Bytes{2}));
  EXPECT_EQ(listed(""), "x+ y+ ");
  ASSERT_OK(bucket->Unbind(TestContext(), "x"));
  EXPECT_EQ(listed(""), "y+ ");

  // What another client unbound is gone, though this one bound it.
  const auto other = cluster.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket theirs, other->OpenBucket(TestContext(), bucket->info().settings.name));
  ASSERT_OK(theirs.Unbind(TestContext(), "y"));
  behind.names.clear();
  EXPECT_EQ(listed(""), "");
}

TEST_F(CatalogFaultsTest, ACommonPrefixShowsWhatThisClientDid) {
  const ListOptions folded{.limit = 1, .delimiter = "/"};
  ASSERT_OK_AND_ASSIGN(const NamePage page, bucket->ListNames(TestContext(), "", folded));
  faulty.ForgeNamesLists([](ListNamesReply& reply) { reply.prefixes.clear(); });
  ASSERT_OK(bucket->Put(TestContext(), "a/1", Bytes{1}));
  ASSERT_OK_AND_ASSIGN(const NamePage after, bucket->ListNames(TestContext(), "", folded));
  EXPECT_EQ(after.prefixes, (std::vector<std::string>{"a/"})) << "the primary was asked";
  EXPECT_TRUE(after.names.empty());
  EXPECT_TRUE(after.more);
  ASSERT_OK_AND_ASSIGN(const NamePage rest,
                       bucket->ListNames(TestContext(), "", {.after = after.last, .delimiter = "/"}));
  ASSERT_EQ(rest.names.size(), 1U);
  EXPECT_EQ(rest.names[0].name, "x");
}

TEST_F(CatalogFaultsTest, AListOfOlderBindingsThanOnesOwnIsRefused) {
  const ListNamesReply behind = *cluster.catalog().ListNames(TestContext(), {bucket->info().id, "", "", 10, {}});
  ASSERT_OK(bucket->Put(TestContext(), "x", Bytes{2}));
  faulty.ForgeNamesLists([&](ListNamesReply& reply) { reply = behind; }, true);
  const Status status = bucket->ListNames(TestContext(), "").status();
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "STALE_OR_ROLLBACK") << status.ToString();
}

TEST_F(CatalogFaultsTest, AReaderReadsAndDoesNotWrite) {
  MemoryKeyStore reader(cluster.random(), *cluster.keys().AdminKey(), false);
  const ClientIdentity identity = *reader.Identity();
  BucketSettings settings;
  settings.name = "shared";
  ASSERT_OK_AND_ASSIGN(
      Bucket ours,
      client->CreateBucket(TestContext(), settings, {{identity.box.public_key, identity.signing.public_key, false}}));
  ASSERT_OK_AND_ASSIGN(const Written put, ours.Put(TestContext(), "x", Bytes(100, 1)));
  const auto other = cluster.NewClient({}, cluster.catalog().ports(), reader);
  ASSERT_OK_AND_ASSIGN(Bucket theirs, other->OpenBucket(TestContext(), "shared"));
  Bytes out(100);
  EXPECT_OK(theirs.Read(TestContext(), put.object, 0, out));
  EXPECT_CODE(theirs.Write(TestContext(), put.object, 0, Bytes(10, 6)), kPermissionDenied);
  EXPECT_OK(ours.Read(TestContext(), put.object, 0, out));
}

// A reader has the MAC key, so a MAC alone proves nothing where there are several principals.
TEST_F(CatalogFaultsTest, WithSeveralPrincipalsARecordNeedsAWritersSignature) {
  Random& random = cluster.random();
  const SigningKey writer = NewSigningKey(random), reader = NewSigningKey(random);
  OpenedKeyring state;
  state.bucket = BucketId::NewRandom(random);
  Key32 key;
  random.Fill(key.mutable_span());
  state.keys = {BucketKeys::Derive(state.bucket, 1, key)};
  state.must_sign = true;
  state.writers = {writer.public_key};
  OpRecord record;
  record.kind = OpKind::kSeal;
  record.bucket = state.bucket;
  record.op = OpId::New(1, random);
  record.object = ObjectId::New(1, random);
  record.order = {1, 1};
  const auto code = [&](const SigningKey* signing) {
    return VerifyRecord(state, EncodeRecord(record, state.newest(), signing))
        .status()
        .Detail("pbfs-code")
        .value_or("OK");
  };
  EXPECT_EQ(code(&writer), "OK");
  EXPECT_EQ(code(&reader), "BAD_RECORD");
  EXPECT_EQ(code(nullptr), "BAD_RECORD");
}

// F04: the commit happened and nobody said so.
TEST_F(CatalogFaultsTest, ALostCommitReplyIsNoSecondWrite) {
  const size_t before = bucket->History(TestContext(), object)->size();
  faulty.LoseCommitReply(1);
  ASSERT_OK(bucket->Write(TestContext(), object, 7, Bytes(9000, 5)));
  EXPECT_EQ(bucket->History(TestContext(), object)->size(), before + 1);
  faulty.LoseCommitReply(1);
  ASSERT_OK_AND_ASSIGN(const Written appended, bucket->Append(TestContext(), object, Bytes(10, 6)));
  EXPECT_EQ(appended.lo, 100'000);
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket->Stat(TestContext(), object));
  EXPECT_EQ(stat.size, 100'010);
}

// Who answers the second copy has not seen the first, and says why this cannot be now: the name may be free when the first arrives.
TEST_F(CatalogFaultsTest, ARefusalThatMayPassIsNoOutcomeBesideALateCopy) {
  const auto refusal = [&] {
    const Status status = bucket->Bind(TestContext(), "x", object, {.if_none_match = true}).status();
    EXPECT_FALSE(status.ok());
    return status;
  };
  EXPECT_EQ(refusal().Detail("pbfs-code").value_or(""), "PRECONDITION");
  faulty.LoseCommitReply(1);
  const Status status = refusal();
  EXPECT_TRUE(IsRetryable(status)) << status.ToString();
  EXPECT_EQ(status.Detail("pbfs-outcome").value_or(""), "in-doubt") << status.ToString();
}

// The ops of an object only become more: what it was it never is again.
TEST_F(CatalogFaultsTest, AConditionOnContentIsSettledBesideALateCopy) {
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket->Stat(TestContext(), object));
  ASSERT_OK(bucket->Write(TestContext(), object, 0, Bytes{1}));
  faulty.LoseCommitReply(1);
  const Status status = bucket->Write(TestContext(), object, 0, Bytes{2}, {stat.opset}).status();
  EXPECT_EQ(status.Detail("pbfs-code").value_or(""), "PRECONDITION") << status.ToString();
}

TEST_F(CatalogFaultsTest, ACommitThatNobodyAnswersIsReportedInDoubt) {
  faulty.LoseAllCommitReplies(true);
  const Status status =
      bucket->Write(Context::WithTimeout(std::chrono::milliseconds(300)), object, 0, Bytes{77}).status();
  faulty.LoseAllCommitReplies(false);
  EXPECT_TRUE(IsRetryable(status)) << status.ToString();
  EXPECT_EQ(status.Detail("pbfs-outcome").value_or(""), "in-doubt") << status.ToString();
  Bytes out(1);
  ASSERT_OK(bucket->Read(TestContext(), object, 0, out));
  EXPECT_EQ(out[0], 77);
}

/// One run of everything; the model says what must be there when each step is either done or refused.
Status RunAll(Bucket& bucket, Bytes& expected, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const Written put, bucket.Put(TestContext(), name, Bytes(30'000, 1)));
  expected.assign(30'000, 1);
  PBFS_RETURN_IF_ERROR(bucket.Write(TestContext(), put.object, 100, Bytes(5000, 2)).status());
  std::fill(expected.begin() + 100, expected.begin() + 5100, 2);
  PBFS_RETURN_IF_ERROR(bucket.Append(TestContext(), put.object, Bytes(50, 3)).status());
  expected.insert(expected.end(), 50, 3);
  PBFS_RETURN_IF_ERROR(bucket.Zero(TestContext(), put.object, 0, 10).status());
  std::fill(expected.begin(), expected.begin() + 10, 0);
  PBFS_RETURN_IF_ERROR(bucket.Rename(TestContext(), name, name + "-moved").status());
  Bytes out(expected.size());
  PBFS_RETURN_IF_ERROR(bucket.Read(TestContext(), put.object, 0, out).status());
  return out == expected ? OkStatus() : InternalError("wrong bytes");
}

TEST_F(CatalogFaultsTest, AnySingleCatalogCallMayBeUnavailable) {
  for (int64_t n = 1; n < 60; ++n) {
    SCOPED_TRACE(n);
    const int64_t before = faulty.calls();
    faulty.FailCall(n, UnavailableError("injected"));
    Bytes expected;
    ASSERT_OK(RunAll(*bucket, expected, "n" + std::to_string(n)));
    if (faulty.calls() - before < n) return;  // every call was failed once
  }
  FAIL() << "the run makes more calls than were failed";
}

TEST_F(CatalogFaultsTest, AnySingleCatalogCallMayFailForGood) {
  for (int64_t n = 1; n < 60; ++n) {
    SCOPED_TRACE(n);
    const int64_t before = faulty.calls();
    faulty.FailCall(n, PermissionDeniedError("injected"));
    Bytes expected;
    const Status status = RunAll(*bucket, expected, "p" + std::to_string(n));
    if (faulty.calls() - before < n) {
      EXPECT_OK(status);
      return;
    }
    EXPECT_CODE(status, kPermissionDenied);
    faulty.FailCall(-1, OkStatus());
    // Whatever failed: what is bound holds what was acknowledged.
    for (const std::string& name : {"p" + std::to_string(n), "p" + std::to_string(n) + "-moved"}) {
      const auto found = bucket->Find(TestContext(), name);
      if (!found.ok()) continue;
      MemorySink sink;
      ASSERT_OK(bucket->Read(TestContext(), *found, 0, kMaxObjectSize, sink));
      EXPECT_TRUE(sink.bytes() == expected);
    }
  }
  FAIL() << "the run makes more calls than were failed";
}

}  // namespace
}  // namespace pbfs
