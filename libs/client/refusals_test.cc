// Bad input and stores that answer nonsense: refused with a reason that says what to do, nothing lost, nothing half visible
// (docs/design/bad-input.md lists the rest).
#include <algorithm>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include "libs/client/testing/twin_site.h"
#include "libs/format/token.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;

constexpr int kStores = 6;  // so that every encoding has a fragment in every store

Bytes RandomBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

class RefusalsTest : public testing::Test {
 protected:
  RefusalsTest() : site_(clock_, kStores), client_(site_.MakeClient()) {
    auto made = client_->CreateBucket(TestContext(), {.name = "b"});
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket_.emplace(*made);
  }
  Bytes Data(size_t size) { return RandomBytes(site_.random, size); }
  ObjectId Put(const std::string& name, const Bytes& bytes) {
    const auto put = bucket_->Put(TestContext(), name, ByteSpan(bytes));
    PBFS_CHECK(put.ok(), put.status().ToString());
    return put->object;
  }
  Bytes ReadAll(ObjectId object) {
    MemorySink sink;
    EXPECT_OK(bucket_->Read(TestContext(), object, 0, kMaxObjectSize, sink));
    return sink.Take();
  }
  /// Everything that anybody can see: names, contents, and how many fragments there are.
  std::string Visible() {
    std::string all;
    const auto page = bucket_->ListNames(TestContext(), "");
    EXPECT_OK(page);
    for (const auto& name : page->names) {
      const auto stat = bucket_->Stat(TestContext(), name.name);
      EXPECT_OK(stat);
      all += name.name + " " + ToHex(stat->opset) + " " + ToHex(Sha256(ReadAll(stat->object))) + "\n";
    }
    for (const auto& store : site_.memory) all += std::to_string(store->Stat(TestContext())->fragments) + " ";
    return all;
  }

  SystemClock clock_;
  TwinSite site_;
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
};

// ---- bad input -----------------------------------------------------------------------------------------------------------

TEST_F(RefusalsTest, BadInputIsRefusedWithItsReasonAndChangesNothing) {
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min(), kHighest = std::numeric_limits<int64_t>::max();
  const ObjectId x = Put("x", Data(100'000));
  const ObjectId stranger = ObjectId::NewRandom(site_.random);
  const Bytes one(1, 1), large(300'000, 2);
  Bytes out(10);
  MemorySink sink;
  const Context context = TestContext();
  PutOptions long_metadata;
  long_metadata.metadata.user["k"] = std::string(17'000, 'v');
  struct Case {
    StatusCode code;
    std::string reason;
    std::function<Status()> call;
  };
  const auto invalid = StatusCode::kInvalidArgument, missing = StatusCode::kNotFound;
  std::vector<Case> cases = {
      {invalid, "largest object", [&] { return bucket_->Write(context, x, kMaxObjectSize, ByteSpan(one)).status(); }},
      {invalid, "largest object", [&] { return bucket_->Write(context, x, kHighest, ByteSpan(large)).status(); }},
      {invalid, "negative", [&] { return bucket_->Write(context, x, -1, ByteSpan(one)).status(); }},
      {invalid, "negative", [&] { return bucket_->Write(context, x, kLowest, ByteSpan(large)).status(); }},
      {invalid, "at least one byte", [&] { return bucket_->Write(context, x, 0, ByteSpan()).status(); }},
      {invalid, "at least one byte", [&] { return bucket_->Append(context, x, ByteSpan()).status(); }},
      {invalid, "no ranges", [&] { return bucket_->WriteRanges(context, x, {}).status(); }},
      {invalid, "at least one byte",
       [&] {
         return bucket_->WriteRanges(context, x, {{0, one}, {9, {}}}).status();
       }},
      {invalid, "overlap",
       [&] {
         return bucket_->WriteRanges(context, x, {{0, large}, {9, one}}).status();
       }},
      {invalid, "largest object",
       [&] {
         return bucket_->WriteRanges(context, x, {{kHighest - 1, one}}).status();
       }},
      {invalid, "out of range", [&] { return bucket_->Truncate(context, x, -1).status(); }},
      {invalid, "out of range", [&] { return bucket_->Truncate(context, x, kMaxObjectSize).status(); }},
      {invalid, "at least one byte", [&] { return bucket_->Zero(context, x, 5, 5).status(); }},
      {invalid, "largest object", [&] { return bucket_->Zero(context, x, 5, kMaxObjectSize + 1).status(); }},
      {invalid, "negative", [&] { return bucket_->Zero(context, x, kLowest, kHighest).status(); }},
      {invalid, "negative", [&] { return bucket_->Read(context, x, -5, out).status(); }},
      {invalid, "largest object", [&] { return bucket_->Read(context, x, kHighest, out).status(); }},
      {invalid, "negative", [&] { return bucket_->Read(context, x, kLowest, kHighest, sink).status(); }},
      {invalid, "negative", [&] { return bucket_->Read(context, x, 0, -1, sink).status(); }},
      {invalid, "16 KiB", [&] { return bucket_->Put(context, "y", ByteSpan(one), long_metadata).status(); }},
      {missing, "no object has this name", [&] { return bucket_->Find(context, "nothing").status(); }},
      {missing, "no object has this name", [&] { return bucket_->Rename(context, "nothing", "else").status(); }},
      {missing, "", [&] { return bucket_->Unbind(context, "nothing").status(); }},
      {missing, "", [&] { return bucket_->Read(context, stranger, 0, out).status(); }},
      {missing, "does not exist", [&] { return bucket_->Write(context, stranger, 0, ByteSpan(one)).status(); }},
      {missing, "", [&] { return client_->OpenBucket(context, "nobody").status(); }},
      {StatusCode::kAlreadyExists, "", [&] { return client_->CreateBucket(context, {.name = "b"}).status(); }}};
  const std::pair<std::string, std::string> bad_names[] = {{"", "must not be empty"},
                                                           {std::string(1025, 'a'), "at most 1024 bytes"},
                                                           {"\xff\xfe", "must be UTF-8"},
                                                           {std::string("a\0b", 3), "must not contain NUL"}};
  for (const auto& [name, reason] : bad_names) {
    cases.push_back({invalid, reason, [&] { return bucket_->Put(context, name, ByteSpan(large)).status(); }});
    cases.push_back({invalid, reason, [&] { return bucket_->Find(context, name).status(); }});
    cases.push_back({invalid, reason, [&] { return bucket_->Bind(context, name, x).status(); }});
    cases.push_back({invalid, reason, [&] { return bucket_->Rename(context, "x", name).status(); }});
    cases.push_back({invalid, reason, [&] { return bucket_->Clone(context, "x", name).status(); }});
  }
  const std::string before = Visible();
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "case " << i << ": " << cases[i].reason);
    const Status status = cases[i].call();
    EXPECT_EQ(StatusCodeName(status.code()), StatusCodeName(cases[i].code)) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(cases[i].reason));
    ASSERT_EQ(Visible(), before);
  }
}

TEST_F(RefusalsTest, DotsAndSlashesAreOrdinaryCharactersOfANameAndTheLongestIs1024Bytes) {
  for (const std::string& name : {std::string(".."), std::string("a//b"), std::string("/"), std::string("../../etc"),
                                  std::string("a/./b"), std::string(1024, 'n')}) {
    const Bytes bytes = Data(100);
    const ObjectId object = Put(name, bytes);
    EXPECT_EQ(*bucket_->Find(TestContext(), name), object) << name;
    EXPECT_EQ(ReadAll(object), bytes);
  }
  EXPECT_EQ(bucket_->ListNames(TestContext(), "")->names.size(), 6u) << "none stands for another";
}

TEST_F(RefusalsTest, AClientWithTooLittleMemoryIsNotMade) {
  EXPECT_CODE(Client::Create({.memory_bytes = 1}, site_.Dependencies()), kInvalidArgument);
}

// ---- stores that answer nonsense -----------------------------------------------------------------------------------------

/// A store whose reads ask and answer something else than they should.
class NonsenseStore final : public FragmentStore {
 public:
  struct Nonsense {
    std::function<void(ReadRequest&)> ask = [](ReadRequest&) {};
    std::function<void(ReadReply&)> answer = [](ReadReply&) {};
  };
  NonsenseStore(std::shared_ptr<FragmentStore> inner, Nonsense nonsense)
      : inner_(std::move(inner)), nonsense_(std::move(nonsense)) {}

  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback ready) override {
    nonsense_.ask(request);
    return std::make_unique<Read>(inner_->StartRead(context, std::move(request), std::move(ready)), nonsense_.answer);
  }
  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback ready) override {
    return inner_->StartPut(context, std::move(request), std::move(ready));
  }
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override {
    return inner_->Delete(context, keys, token);
  }
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override {
    return inner_->Drop(context, copies, token);
  }
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override {
    return inner_->List(context, request);
  }
  Result<StoreStat> Stat(const Context& context) override { return inner_->Stat(context); }

 private:
  class Read final : public PendingRead {
   public:
    Read(std::unique_ptr<PendingRead> inner, std::function<void(ReadReply&)> answer)
        : inner_(std::move(inner)), answer_(std::move(answer)) {}
    Result<ReadReply> Wait(const Context& context) override {
      Result<ReadReply> reply = inner_->Wait(context);
      if (reply.ok()) answer_(*reply);
      return reply;
    }
    bool Ready() const override { return inner_->Ready(); }

   private:
    const std::unique_ptr<PendingRead> inner_;
    const std::function<void(ReadReply&)> answer_;
  };

  const std::shared_ptr<FragmentStore> inner_;
  const Nonsense nonsense_;
};

class NonsenseTest : public RefusalsTest {
 protected:
  /// Every object reads right although two stores answer so; both are counted, and nobody else.
  void ExpectDecodedAround(const std::string& what, const NonsenseStore::Nonsense& nonsense) {
    SCOPED_TRACE(what);
    const auto client = site_.MakeClient();
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client->OpenBucket(TestContext(), "b"));
    for (const size_t store : {1, 4})
      site_.table.Set(StoreId{static_cast<uint32_t>(store + 1)},
                      std::make_shared<NonsenseStore>(site_.memory[store], nonsense));
    for (const auto& [object, bytes] : objects_) {
      Bytes out(bytes.size());
      EXPECT_OK(bucket.Read(TestContext(), object, 0, out));
      EXPECT_EQ(out, bytes);
    }
    const ClientStats stats = client->Stats();
    EXPECT_GT(stats.decoded_around, 0);
    EXPECT_EQ(stats.corrupt.size(), 2u);
    EXPECT_TRUE(stats.corrupt.contains(StoreId{2}) && stats.corrupt.contains(StoreId{5}));
  }
  void SetUp() override {
    for (int i = 0; i < 8; ++i) {
      Bytes bytes = Data(300'000);
      const ObjectId object = Put("n" + std::to_string(i), bytes);
      objects_.emplace_back(object, std::move(bytes));
    }
  }
  std::vector<std::pair<ObjectId, Bytes>> objects_;
};

TEST_F(NonsenseTest, OfAnotherFragmentIsDecodedAroundAndCounted) {
  // Every key that a store has, and the one after it.
  std::map<FragmentKey, FragmentKey> next;
  for (const size_t store : {1, 4}) {
    const auto all = site_.memory[store]->List(TestContext(), {})->fragments;
    for (size_t i = 0; i < all.size(); ++i) next[all[i].key] = all[(i + 1) % all.size()].key;
  }
  ExpectDecodedAround("another fragment of the same length", {.ask = [next](ReadRequest& request) {
                        for (FragmentRange& range : request.ranges)
                          if (next.contains(range.key)) range.key = next.at(range.key);
                      }});
}

TEST_F(NonsenseTest, OfAnotherLengthIsDecodedAroundAndCounted) {
  const auto resize = [](int64_t by) {
    return [by](ReadReply& reply) {
      for (ReadPart& part : reply.parts) {
        Bytes bytes = ToBytes(part.bytes);
        bytes.resize(static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(bytes.size()) + by)));
        if (part.status.ok()) part.bytes = Buffer::FromBytes(std::move(bytes));
      }
    };
  };
  for (const int64_t by : {-1, 1, -(1 << 30)})
    ExpectDecodedAround("longer by " + std::to_string(by), {.answer = resize(by)});
  ExpectDecodedAround("no parts", {.answer = [](ReadReply& reply) { reply.parts.clear(); }});
}

TEST_F(NonsenseTest, OfAFlippedBitIsDecodedAroundAndCounted) {
  ExpectDecodedAround("a flipped bit", {.answer = [](ReadReply& reply) {
                        for (ReadPart& part : reply.parts) {
                          Bytes bytes = ToBytes(part.bytes);
                          if (bytes.empty()) continue;
                          bytes[bytes.size() / 3] ^= 4;
                          part.bytes = Buffer::FromBytes(std::move(bytes));
                        }
                      }});
}

// ---- tokens --------------------------------------------------------------------------------------------------------------

/// Hands out tokens that are bad as long as `spoil` says so.
class SpoiltTokens final : public Tokens {
 public:
  SpoiltTokens(const Clock& clock, SigningKey key) : clock_(clock), key_(std::move(key)) {}

  /// The next `count` tokens go through `spoil` before they are signed, and `tamper` afterwards.
  void Spoil(
      int count, std::function<void(Token&)> spoil, std::function<void(Bytes&)> tamper = [](Bytes&) {}) {
    left_ = count, spoil_ = std::move(spoil), tamper_ = std::move(tamper);
  }
  int issued() const { return issued_; }

  Result<TokenGrant> IssueToken(const Context&, const std::string&, BucketId bucket, uint16_t verbs) override {
    const int64_t now = clock_.NowMillis();
    Token token{verbs, SiteId{1}, 1, bucket, {}, now, now + kMaxTokenLifeMs, static_cast<uint64_t>(++issued_)};
    const bool bad = left_-- > 0;
    if (bad) spoil_(token);
    Bytes bytes = ToBytes(token.Encode(key_));
    if (bad) tamper_(bytes);
    return TokenGrant{Buffer::FromBytes(std::move(bytes)), now + kMaxTokenLifeMs, now};
  }

 private:
  const Clock& clock_;
  const SigningKey key_;
  int left_ = 0, issued_ = 0;
  std::function<void(Token&)> spoil_;
  std::function<void(Bytes&)> tamper_;
};

class TokensTest : public testing::Test {
 protected:
  TokensTest() : random_(TestSeed()), keys_(random_), catalog_(clock_), tokens_(clock_, key_) {
    for (uint32_t i = 1; i <= kStores; ++i) {
      const StoreIdentity identity{StoreId{i}, SiteId{1}, {}, key_.public_key};
      stores_.Set(StoreId{i}, std::make_shared<MemoryFragmentStore>(identity, clock_));
      EXPECT_OK(catalog_.PutStore(TestContext(), {StoreId{i}, "memory", std::to_string(i), StoreState::kUp, 1}));
    }
    auto client = Client::Create({}, {catalog_.ports(), &tokens_, stores_, keys_, clock_, random_});
    PBFS_CHECK(client.ok());
    client_ = *std::move(client);
    bucket_.emplace(*client_->CreateBucket(TestContext(), {.name = "b"}));
  }

  SystemClock clock_;
  SeededRandom random_;
  MemoryKeyStore keys_;
  const SigningKey key_ = SigningKeyFromSeed(Key32(std::array<uint8_t, 32>{1, 2, 3}));
  MemoryCatalog catalog_;
  SpoiltTokens tokens_;
  MapFragmentStores stores_;
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
};

TEST_F(TokensTest, ABadTokenIsReplacedAndNobodyNotices) {
  const auto expire = [](Token& token) {
    token.not_before_ms -= 2 * kMaxTokenLifeMs, token.not_after_ms -= 2 * kMaxTokenLifeMs;
  };
  const auto tamper = [](Bytes& bytes) { bytes[70] ^= 1; };
  const auto elsewhere = [](Token& token) { token.site = SiteId{2}; };
  const Bytes bytes = RandomBytes(random_, 300'000);
  for (int kind = 0; kind < 3; ++kind) {
    SCOPED_TRACE(kind);
    const auto client = *Client::Create({}, {catalog_.ports(), &tokens_, stores_, keys_, clock_, random_});
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client->OpenBucket(TestContext(), "b"));
    const auto spoil = [&](int count) {
      kind == 0   ? tokens_.Spoil(count, expire)
      : kind == 1 ? tokens_.Spoil(
                        count, [](Token&) {}, tamper)
                  : tokens_.Spoil(count, elsewhere);
    };
    spoil(1);
    ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
    const auto reader = *Client::Create({}, {catalog_.ports(), &tokens_, stores_, keys_, clock_, random_});
    ASSERT_OK_AND_ASSIGN(Bucket again, reader->OpenBucket(TestContext(), "b"));
    spoil(1);
    Bytes out(bytes.size());
    ASSERT_OK(again.Read(TestContext(), put.object, 0, out));
    EXPECT_EQ(out, bytes);
  }
}

TEST_F(TokensTest, TokensThatStayBadAreSaidAndNothingIsVisible) {
  tokens_.Spoil(1'000, [](Token& token) {
    token.not_before_ms -= 2 * kMaxTokenLifeMs, token.not_after_ms -= 2 * kMaxTokenLifeMs;
  });
  const auto put = bucket_->Put(TestContext(), "x", ByteSpan(RandomBytes(random_, 300'000)));
  EXPECT_FALSE(put.ok());
  EXPECT_THAT(put.status().message(), HasSubstr("the token has expired: ask the catalog for a new one"));
  EXPECT_CODE(bucket_->Find(TestContext(), "x"), kNotFound);
  tokens_.Spoil(0, {});
  EXPECT_OK(bucket_->Put(TestContext(), "x", ByteSpan(RandomBytes(random_, 300'000))));
}

// ---- full stores ---------------------------------------------------------------------------------------------------------

TEST_F(RefusalsTest, WhenTheStoresAreFullAPutSaysSoAndReadsGoOn) {
  const Bytes bytes = Data(300'000);
  const ObjectId object = Put("x", bytes);
  const std::string before = Visible();
  for (const auto& store : site_.faulty) store->SetFull(true);
  const auto put = bucket_->Put(TestContext(), "y", ByteSpan(bytes));
  EXPECT_CODE(put, kResourceExhausted);
  EXPECT_THAT(put.status().message(), HasSubstr("the store is full: write to another, or add stores"));
  EXPECT_CODE(bucket_->Write(TestContext(), object, 5, ByteSpan(bytes)), kResourceExhausted);
  EXPECT_EQ(Visible(), before);
  for (const auto& store : site_.faulty) store->SetFull(false);
  EXPECT_OK(site_.MakeClient()->OpenBucket(TestContext(), "b")->Put(TestContext(), "y", ByteSpan(bytes)));
}

}  // namespace
}  // namespace pbfs
