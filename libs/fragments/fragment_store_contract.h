#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/format/receipt.h"
#include "libs/format/token.h"
#include "libs/fragments/fragment_check.h"
#include "libs/fragments/fragment_store.h"
#include "libs/fragments/store_rules.h"
#include "libs/fragments/test_fragments.h"
#include "libs/model/limits.h"

/// What every FragmentStore passes: the twin, the service over volumes, the client over the wire. A Fixture is default
/// constructed for each test and has
///   FragmentStore& store();   an empty store; without tokens for FragmentStoreContract, with identity TestIdentity() for
///                             FragmentStoreTokenContract
///   ManualClock& clock();     the store's own clock; it starts at kTestNowMs
/// and is destroyed after every writer and read of the test.
namespace pbfs {

inline constexpr int64_t kTestNowMs = 1'700'000'000'000;

template <typename Fixture>
class FragmentStoreContract : public testing::Test {
 protected:
  FragmentStore& store() { return fixture_.store(); }
  ManualClock& clock() { return fixture_.clock(); }
  int64_t NowMillis() { return clock().NowMillis(); }

  FragmentKey NewKey(uint8_t shard = 1) { return BornAt(NowMillis(), shard); }
  FragmentKey BornAt(int64_t birth_ms, uint8_t shard = 1) { return {NewEncodingId(birth_ms, 7, random_), shard}; }
  TestFragment NewFragment(const TestFragmentSpec& spec = {}) { return MakeTestFragment(NewKey(), spec, random_); }

  /// Puts `bytes` under `key` in pieces of `piece` bytes, announcing `length` (default: what there is).
  Result<ReceiptBytes> Put(const FragmentKey& key, const Buffer& bytes, size_t piece = 1000,
                           std::optional<int64_t> length = {}) {
    auto writer = store().StartPut(TestContext(), {key, length.value_or(static_cast<int64_t>(bytes.size())), {}}, {});
    for (size_t at = 0; at < bytes.size(); at += piece) {
      PBFS_RETURN_IF_ERROR(writer->Append(TestContext(), bytes.Slice(at, std::min(piece, bytes.size() - at))));
    }
    return writer->Finish(TestContext());
  }
  Result<ReceiptBytes> Put(const TestFragment& fragment) { return Put(fragment.key, fragment.bytes); }

  ReadPart Read(const FragmentKey& key, int64_t begin, int64_t end) {
    auto reply = store().StartRead(TestContext(), {{{key, begin, end}}, {}}, {})->Wait(TestContext());
    if (!reply.ok()) return {reply.status(), {}};
    EXPECT_EQ(reply->parts.size(), 1u);
    return reply->parts.at(0);
  }
  Status ReadStatus(const FragmentKey& key, int64_t begin, int64_t end) { return Read(key, begin, end).status; }
  void ExpectHolds(const TestFragment& fragment) {
    const ReadPart part = Read(fragment.key, 0, static_cast<int64_t>(fragment.bytes.size()));
    ASSERT_OK(part.status);
    EXPECT_TRUE(Equal(part.bytes, fragment.bytes));
  }
  /// Nothing of `key` is visible: no bytes, no list entry, no space.
  void ExpectAbsent(const FragmentKey& key) {
    EXPECT_CODE(ReadStatus(key, 0, 128), kNotFound);
    for (const FragmentInfo& info : ListAll(100)) EXPECT_NE(info.key, key);
  }
  std::vector<FragmentInfo> ListAll(int32_t limit, int64_t born_before_ms = 0) {
    std::vector<FragmentInfo> all;
    ListFragmentsRequest request;
    request.limit = limit;
    request.born_before_ms = born_before_ms;
    for (bool more = true; more;) {
      const auto page = store().List(TestContext(), request);
      EXPECT_OK(page);
      if (!page.ok() || page->fragments.empty()) break;
      EXPECT_LE(page->fragments.size(), static_cast<size_t>(limit));
      all.insert(all.end(), page->fragments.begin(), page->fragments.end());
      request.after = page->fragments.back().key;
      more = page->more;
    }
    return all;
  }

  SeededRandom random_{TestSeed()};
  Fixture fixture_;
};

TYPED_TEST_SUITE_P(FragmentStoreContract);

TYPED_TEST_P(FragmentStoreContract, PutThenReadGivesTheBytes) {
  for (const TestFragmentSpec& spec : {TestFragmentSpec{1, 32}, TestFragmentSpec{10'000, 8},
                                       TestFragmentSpec{70'001, 1, true}, TestFragmentSpec{13'000'000, 4, false, 16}}) {
    const TestFragment fragment = this->NewFragment(spec);
    ASSERT_OK(this->Put(fragment.key, fragment.bytes, 1 << 20));
    this->ExpectHolds(fragment);
  }
}

TYPED_TEST_P(FragmentStoreContract, PiecesMayBeOfAnySize) {
  for (const size_t piece : {1u, 3u, 127u, 128u, 129u, 700u}) {
    const TestFragment fragment = this->NewFragment({5000, 32, true});
    ASSERT_OK(this->Put(fragment.key, fragment.bytes, piece));
    this->ExpectHolds(fragment);
  }
}

TYPED_TEST_P(FragmentStoreContract, LargePutStreams) {
  const TestFragment fragment = this->NewFragment({26'000'000, 4, true, 16});  // 6.5 MB
  ASSERT_OK(this->Put(fragment.key, fragment.bytes, 256 << 10));
  const Geometry geometry = TestFragmentSpec{26'000'000, 4, true, 16}.geometry();
  for (const int64_t stripe : {int64_t{0}, int64_t{61}, int64_t{64}, int64_t{200}, geometry.Segments() - 1}) {
    const int64_t begin = geometry.StripeBegin(stripe);
    const int64_t end = geometry.StripeEnd(stripe);
    const ReadPart part = this->Read(fragment.key, begin, end);
    ASSERT_OK(part.status);
    EXPECT_TRUE(Equal(part.bytes, fragment.bytes.Slice(begin, end - begin)));
  }
}

TYPED_TEST_P(FragmentStoreContract, ReadyIsToldOncePerOperation) {
  const TestFragment fragment = this->NewFragment();
  auto told = std::make_shared<std::atomic<int>>(0);
  auto writer = this->store().StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}},
                                       [told] { ++*told; });
  ASSERT_OK(writer->Append(TestContext(), fragment.bytes));
  ASSERT_OK(writer->Finish(TestContext()));
  EXPECT_TRUE(writer->Ready());
  writer.reset();
  auto read = this->store().StartRead(TestContext(), {{{fragment.key, 0, 128}}, {}}, [told] { *told += 100; });
  ASSERT_OK(read->Wait(TestContext()));
  read.reset();
  auto refused = this->store().StartPut(TestContext(), {fragment.key, -1, {}}, [told] { *told += 10'000; });
  EXPECT_CODE(refused->Finish(TestContext()), kInvalidArgument);
  EXPECT_TRUE(refused->Ready());
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (*told < 10'101 && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(1));
  EXPECT_EQ(*told, 10'101);
}

TYPED_TEST_P(FragmentStoreContract, RangesBeginAndEndOnBlockBorders) {
  const TestFragmentSpec spec{10'000, 8, true};
  const Geometry geometry = spec.geometry();
  const TestFragment fragment = this->NewFragment(spec);
  ASSERT_OK(this->Put(fragment));
  const auto length = static_cast<int64_t>(fragment.bytes.size());
  const std::vector<int64_t> borders = {
      0, 128, geometry.StripeBegin(1), geometry.StripeBegin(2), geometry.TrailerBegin(), length};
  for (const int64_t begin : borders) {
    for (const int64_t end : borders) {
      if (begin >= end) continue;
      const ReadPart part = this->Read(fragment.key, begin, end);
      ASSERT_OK(part.status);
      EXPECT_TRUE(Equal(part.bytes, fragment.bytes.Slice(begin, end - begin))) << begin << ".." << end;
    }
  }
  for (int64_t begin = 0; begin < length; begin += 7) {
    if (std::count(borders.begin(), borders.end(), begin) > 0) continue;
    EXPECT_CODE(this->ReadStatus(fragment.key, begin, length), kInvalidArgument);
    EXPECT_CODE(this->ReadStatus(fragment.key, 0, begin), kInvalidArgument);
  }
  EXPECT_CODE(this->ReadStatus(fragment.key, 0, length + 1), kOutOfRange);
  EXPECT_CODE(this->ReadStatus(fragment.key, 128, 128), kInvalidArgument);
  EXPECT_CODE(this->ReadStatus(fragment.key, geometry.StripeBegin(1), 128), kInvalidArgument);
  EXPECT_CODE(this->ReadStatus(fragment.key, -128, 128), kInvalidArgument);
}

TYPED_TEST_P(FragmentStoreContract, OneReadAnswersEachOfItsRanges) {
  const TestFragment a = this->NewFragment();
  const TestFragment b = this->NewFragment();
  ASSERT_OK(this->Put(a));
  ASSERT_OK(this->Put(b));
  const ReadRequest request{{{b.key, 128, TestFragmentSpec{}.geometry().StripeBegin(1)},
                             {this->NewKey(), 0, 128},
                             {a.key, 0, 128},
                             {a.key, 1, 128}},
                            {}};
  const auto reply = this->store().StartRead(TestContext(), request, {})->Wait(TestContext());
  ASSERT_OK(reply);
  ASSERT_EQ(reply->parts.size(), 4u);
  EXPECT_TRUE(Equal(reply->parts[0].bytes, b.bytes.Slice(128, 532)));
  EXPECT_CODE(reply->parts[1].status, kNotFound);
  EXPECT_TRUE(Equal(reply->parts[2].bytes, a.bytes.Slice(0, 128)));
  EXPECT_CODE(reply->parts[3].status, kInvalidArgument);
}

TYPED_TEST_P(FragmentStoreContract, ReadsBeyondTheLimitsAreRefused) {
  const auto wait = [&](ReadRequest request) {
    return this->store().StartRead(TestContext(), std::move(request), {})->Wait(TestContext()).status();
  };
  EXPECT_CODE(wait({}), kInvalidArgument);
  EXPECT_CODE(wait({std::vector<FragmentRange>(1025, {this->NewKey(), 0, 128}), {}}), kInvalidArgument);
  EXPECT_CODE(wait({{{this->NewKey(), 0, kMaxReadBytes}, {this->NewKey(), 0, 1}}, {}}), kInvalidArgument);
}

TYPED_TEST_P(FragmentStoreContract, RepeatedPutOfTheSameSumIsHarmless) {
  const TestFragment fragment = this->NewFragment();
  ASSERT_OK_AND_ASSIGN(const ReceiptBytes first, this->Put(fragment));
  ASSERT_OK_AND_ASSIGN(const ReceiptBytes second, this->Put(fragment));
  EXPECT_EQ(first, second);
  EXPECT_EQ(this->ListAll(10).size(), 1u);
}

TYPED_TEST_P(FragmentStoreContract, PutOfAnotherSumConflicts) {
  const TestFragment fragment = this->NewFragment();
  ASSERT_OK(this->Put(fragment));
  const TestFragment other = MakeTestFragment(fragment.key, {}, this->random_);
  const auto refused = this->Put(other);
  EXPECT_CODE(refused, kAlreadyExists);
  EXPECT_EQ(refused.status().Detail("pbfs-code"), "CONFLICT");
  this->ExpectHolds(fragment);
}

TYPED_TEST_P(FragmentStoreContract, AFlippedBitAnywhereIsRefused) {
  const TestFragment fragment = this->NewFragment({9000, 32});
  const size_t blocks_end = fragment.bytes.size() - 72;
  for (size_t at = 0; at < blocks_end; at += 3) {
    Bytes flipped = ToBytes(fragment.bytes);
    flipped[at] ^= 4;
    EXPECT_CODE(this->Put(fragment.key, Buffer::FromBytes(std::move(flipped)), 100), kInvalidArgument);
  }
  this->ExpectAbsent(fragment.key);
  ASSERT_OK(this->Put(fragment));
}

TYPED_TEST_P(FragmentStoreContract, AFragmentOfAnotherKeyIsRefused) {
  const TestFragment fragment = this->NewFragment();
  FragmentKey other_shard = fragment.key;
  ++other_shard.shard;
  const FragmentKey other_encoding = this->NewKey();
  for (const FragmentKey& key : {other_shard, other_encoding}) {
    EXPECT_CODE(this->Put(key, fragment.bytes), kInvalidArgument);
    this->ExpectAbsent(key);
  }
}

TYPED_TEST_P(FragmentStoreContract, WrongLengthsAreRefused) {
  const TestFragment fragment = this->NewFragment();
  const auto size = static_cast<int64_t>(fragment.bytes.size());
  const Buffer cut = fragment.bytes.Slice(0, size - 1);
  EXPECT_CODE(this->Put(fragment.key, cut, 1000, size), kInvalidArgument);                 // short
  EXPECT_CODE(this->Put(fragment.key, cut, 1000, size - 1), kInvalidArgument);             // truncated
  EXPECT_CODE(this->Put(fragment.key, fragment.bytes, 1000, size - 1), kInvalidArgument);  // announced too short
  EXPECT_CODE(this->Put(fragment.key, fragment.bytes, 1000, size + 1), kInvalidArgument);  // announced too long
  Bytes longer = ToBytes(fragment.bytes);
  longer.push_back(0);
  EXPECT_CODE(this->Put(fragment.key, Buffer::FromBytes(std::move(longer)), 1000), kInvalidArgument);  // long
  EXPECT_CODE(this->Put(fragment.key, {}, 1000, 0), kInvalidArgument);                                 // empty
  EXPECT_CODE(this->Put(fragment.key, {}, 1000, kMaxFragmentSize + 1), kInvalidArgument);  // beyond any fragment
  this->ExpectAbsent(fragment.key);
  ASSERT_OK(this->Put(fragment));
}

TYPED_TEST_P(FragmentStoreContract, ImpossibleKeysAreRefused) {
  const TestFragment fragment = this->NewFragment();
  EXPECT_CODE(this->Put({{}, 1}, fragment.bytes), kInvalidArgument);
  EXPECT_CODE(this->Put({fragment.key.encoding, kMaxShards}, fragment.bytes), kInvalidArgument);
}

TYPED_TEST_P(FragmentStoreContract, AbandonedPutsLeaveNothing) {
  const TestFragment fragment = this->NewFragment({13'000'000, 4, false, 16});  // 3.3 MB: part of it reached the disk
  for (const size_t sent : {size_t{0}, size_t{1}, size_t{128}, fragment.bytes.size() - 1}) {
    auto writer =
        this->store().StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
    EXPECT_OK(writer->Append(TestContext(), fragment.bytes.Slice(0, sent)));
  }
  this->ExpectAbsent(fragment.key);
  ASSERT_OK_AND_ASSIGN(const StoreStat stat, this->store().Stat(TestContext()));
  EXPECT_EQ(stat.fragments, 0);
  EXPECT_EQ(stat.live, 0);
  ASSERT_OK(this->Put(fragment.key, fragment.bytes, 1 << 20));
  this->ExpectHolds(fragment);
}

TYPED_TEST_P(FragmentStoreContract, FenceHoldsPutsToTheBirthOfTheirEncoding) {
  const auto put_born_at = [&](int64_t birth) {
    return this->Put(MakeTestFragment(this->BornAt(birth), {}, this->random_)).status();
  };
  const int64_t now = this->NowMillis();
  EXPECT_OK(put_born_at(now - kMaxEncodingAgeMs));
  EXPECT_OK(put_born_at(now + kMaxClockSkewMs));
  const Status old = put_born_at(now - kMaxEncodingAgeMs - 1);
  EXPECT_CODE(old, kFailedPrecondition);
  EXPECT_EQ(old.Detail("pbfs-code"), "FENCE_AGE");
  const Status future = put_born_at(now + kMaxClockSkewMs + 1);
  EXPECT_CODE(future, kFailedPrecondition);
  EXPECT_EQ(future.Detail("pbfs-code"), "FENCE_FUTURE");
}

TYPED_TEST_P(FragmentStoreContract, DeleteIsIdempotentAndFinal) {
  const TestFragment gone = this->NewFragment();
  const TestFragment kept = this->NewFragment();
  ASSERT_OK(this->Put(gone));
  ASSERT_OK(this->Put(kept));
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->store().Delete(TestContext(), {gone.key, this->NewKey()}, {}));
  this->ExpectAbsent(gone.key);
  this->ExpectHolds(kept);
  EXPECT_CODE(this->Put(gone), kFailedPrecondition);
  this->ExpectAbsent(gone.key);
  ASSERT_OK(this->store().Delete(TestContext(), {}, {}));
}

TYPED_TEST_P(FragmentStoreContract, ADroppedCopyMayBePutAgain) {
  const TestFragment moved = this->NewFragment(), kept = this->NewFragment();
  ASSERT_OK(this->Put(moved));
  ASSERT_OK(this->Put(kept));
  ASSERT_OK_AND_ASSIGN(const ListFragmentsReply list, this->store().List(TestContext(), {}));
  const auto found = std::find_if(list.fragments.begin(), list.fragments.end(),
                                  [&](const FragmentInfo& info) { return info.key == moved.key; });
  ASSERT_NE(found, list.fragments.end());
  FragmentInfo another = *found;
  ++another.received_ms;
  ASSERT_OK(this->store().Drop(TestContext(), {another}, {}));
  this->ExpectHolds(moved);
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->store().Drop(TestContext(), {*found}, {}));
  this->ExpectAbsent(moved.key);
  this->ExpectHolds(kept);
  ASSERT_OK_AND_ASSIGN(const StoreStat stat, this->store().Stat(TestContext()));
  EXPECT_EQ(stat.fragments, 1);
  ASSERT_OK(this->Put(moved));
  this->ExpectHolds(moved);
  ASSERT_OK(this->store().Delete(TestContext(), {moved.key}, {}));
  EXPECT_CODE(this->Put(moved), kFailedPrecondition);
}

TYPED_TEST_P(FragmentStoreContract, ListsPageInKeyOrder) {
  std::vector<FragmentInfo> expected;
  for (int i = 0; i < 25; ++i) {
    const FragmentKey key = this->BornAt(this->NowMillis() - 1000 * (i % 10), static_cast<uint8_t>(i % 6));
    const TestFragment fragment = MakeTestFragment(key, {5000, 32, i % 2 == 0}, this->random_);
    ASSERT_OK(this->Put(fragment));
    expected.push_back({key, static_cast<int64_t>(fragment.bytes.size()), fragment.sum, this->NowMillis()});
  }
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const int limit : {1, 7, 25, 1000}) {
    const std::vector<FragmentInfo> got = this->ListAll(limit);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].key, expected[i].key);
      EXPECT_EQ(got[i].length, expected[i].length);
      EXPECT_EQ(got[i].sum, expected[i].sum);
      EXPECT_EQ(got[i].received_ms, expected[i].received_ms);
    }
  }
  const int64_t cut = this->NowMillis() - 4000;
  const auto old = this->ListAll(3, cut);
  EXPECT_EQ(old.size(),
            static_cast<size_t>(std::count_if(expected.begin(), expected.end(), [&](const FragmentInfo& info) {
              return info.key.encoding.Millis() < cut;
            })));
}

TYPED_TEST_P(FragmentStoreContract, ListLimitsAreChecked) {
  for (const int limit : {0, -1, 10001}) {
    ListFragmentsRequest request;
    request.limit = limit;
    EXPECT_CODE(this->store().List(TestContext(), request), kInvalidArgument);
  }
}

TYPED_TEST_P(FragmentStoreContract, StatCountsWhatIsThere) {
  const TestFragment a = this->NewFragment();
  const TestFragment b = this->NewFragment();
  ASSERT_OK(this->Put(a));
  ASSERT_OK(this->Put(b));
  ASSERT_OK_AND_ASSIGN(const StoreStat two, this->store().Stat(TestContext()));
  EXPECT_EQ(two.fragments, 2);
  EXPECT_EQ(two.live, static_cast<int64_t>(a.bytes.size() + b.bytes.size()));
  EXPECT_GE(two.used, two.live);
  EXPECT_GE(two.capacity, two.used);
  EXPECT_EQ(two.corrupt, 0);
  ASSERT_OK(this->store().Delete(TestContext(), {a.key}, {}));
  ASSERT_OK_AND_ASSIGN(const StoreStat one, this->store().Stat(TestContext()));
  EXPECT_EQ(one.fragments, 1);
  EXPECT_EQ(one.live, static_cast<int64_t>(b.bytes.size()));
}

TYPED_TEST_P(FragmentStoreContract, CallsOffEndAtOnce) {
  const TestFragment fragment = this->NewFragment();
  Context cancelled;
  cancelled.Cancel();
  EXPECT_CODE(this->store().Delete(cancelled, {fragment.key}, {}), kCancelled);
  EXPECT_CODE(this->store().List(cancelled, {}), kCancelled);
  auto writer =
      this->store().StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
  EXPECT_CODE(writer->Append(cancelled, fragment.bytes), kCancelled);
  writer.reset();
  this->ExpectAbsent(fragment.key);
}

TYPED_TEST_P(FragmentStoreContract, ManyPutsAtOnceAllHold) {
  constexpr int kThreads = 8;
  const int rounds = TestScaled(12);
  std::vector<std::vector<TestFragment>> fragments(kThreads);
  for (auto& mine : fragments) {
    for (int i = 0; i < rounds; ++i) {
      const auto length = static_cast<int64_t>(1 + this->random_.Below(160'000));
      mine.push_back(this->NewFragment({length, 1, i % 2 == 0}));
    }
  }
  {
    std::vector<Thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back("putter", [this, &mine = fragments[t]] {
        for (const TestFragment& fragment : mine) EXPECT_OK(this->Put(fragment.key, fragment.bytes, 20000));
      });
    }
  }
  for (const auto& mine : fragments) {
    for (const TestFragment& fragment : mine) this->ExpectHolds(fragment);
  }
  EXPECT_EQ(this->ListAll(10).size(), static_cast<size_t>(kThreads * rounds));
}

TYPED_TEST_P(FragmentStoreContract, PutsOfOneKeyAtOnceAgree) {
  for (int round = 0; round < TestScaled(10); ++round) {
    const FragmentKey key = this->NewKey();
    const TestFragment two[] = {MakeTestFragment(key, {160'000, 1}, this->random_),
                                MakeTestFragment(key, {160'000, 1}, this->random_)};
    std::atomic<int> acknowledged[2] = {0, 0};
    {
      std::vector<Thread> threads;
      for (int t = 0; t < 6; ++t) {
        threads.emplace_back("putter", [&, t] {
          if (this->Put(key, two[t % 2].bytes, 20000).ok()) ++acknowledged[t % 2];
        });
      }
    }
    EXPECT_TRUE((acknowledged[0] == 0) != (acknowledged[1] == 0)) << "exactly one content is acknowledged";
    this->ExpectHolds(two[acknowledged[0] > 0 ? 0 : 1]);
  }
}

REGISTER_TYPED_TEST_SUITE_P(FragmentStoreContract, PutThenReadGivesTheBytes, PiecesMayBeOfAnySize, LargePutStreams,
                            ReadyIsToldOncePerOperation, RangesBeginAndEndOnBlockBorders, OneReadAnswersEachOfItsRanges,
                            ReadsBeyondTheLimitsAreRefused, RepeatedPutOfTheSameSumIsHarmless, PutOfAnotherSumConflicts,
                            AFlippedBitAnywhereIsRefused, AFragmentOfAnotherKeyIsRefused, WrongLengthsAreRefused,
                            ImpossibleKeysAreRefused, AbandonedPutsLeaveNothing,
                            FenceHoldsPutsToTheBirthOfTheirEncoding, DeleteIsIdempotentAndFinal,
                            ADroppedCopyMayBePutAgain, ListsPageInKeyOrder, ListLimitsAreChecked, StatCountsWhatIsThere,
                            CallsOffEndAtOnce, ManyPutsAtOnceAllHold, PutsOfOneKeyAtOnceAgree);

inline SigningKey TestSiteKey() { return SigningKeyFromSeed(Key32(std::array<uint8_t, 32>{7, 7, 7})); }
/// Store 3 of site 1; its tokens are signed by TestSiteKey().
inline StoreIdentity TestIdentity() {
  return {StoreId{3}, SiteId{1}, Key32(std::array<uint8_t, 32>{5, 5, 5}), TestSiteKey().public_key};
}

/// Tokens and receipts.
template <typename Fixture>
class FragmentStoreTokenContract : public testing::Test {
 protected:
  static constexpr uint16_t kGet = 1, kPut = 2, kRepair = 4, kDelete = 8, kList = 16;

  FragmentStore& store() { return fixture_.store(); }
  int64_t NowMillis() { return fixture_.clock().NowMillis(); }
  /// A good token with these verbs, for any bucket.
  Token Good(uint16_t verbs) {
    Token token;
    token.verbs = verbs;
    token.site = SiteId{1};
    token.fence_epoch = 1;
    token.subject = PrincipalId::NewRandom(random_);
    token.not_before_ms = NowMillis() - 1000;
    token.not_after_ms = NowMillis() + 600'000;
    token.nonce = random_.U64();
    return token;
  }
  TokenBytes Sign(const Token& token) { return Buffer::CopyOf(token.Encode(TestSiteKey())); }
  TokenBytes GoodBytes(uint16_t verbs) { return Sign(Good(verbs)); }

  TestFragment NewFragment(int64_t age_ms = 0) {
    return MakeTestFragment({NewEncodingId(NowMillis() - age_ms, 7, random_), 1}, {}, random_);
  }
  Result<ReceiptBytes> Put(const TestFragment& fragment, const TokenBytes& token) {
    auto writer =
        store().StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), token}, {});
    PBFS_RETURN_IF_ERROR(writer->Append(TestContext(), fragment.bytes));
    return writer->Finish(TestContext());
  }
  Status Read(const FragmentKey& key, const TokenBytes& token) {
    return store().StartRead(TestContext(), {{{key, 0, 128}}, token}, {})->Wait(TestContext()).status();
  }
  Status List(const TokenBytes& token) {
    ListFragmentsRequest request;
    request.token = token;
    return store().List(TestContext(), request).status();
  }

  SeededRandom random_{TestSeed()};
  Fixture fixture_;
};

TYPED_TEST_SUITE_P(FragmentStoreTokenContract);

TYPED_TEST_P(FragmentStoreTokenContract, EachVerbOpensItsCallsOnly) {
  const FragmentKey key = this->NewFragment().key;
  for (uint16_t verbs = 0; verbs < 32; ++verbs) {
    const TokenBytes token = this->GoodBytes(verbs);
    const auto expect = [&](bool allowed, const Status& status) {
      EXPECT_EQ(status.code() == StatusCode::kPermissionDenied, !allowed) << verbs << " " << status.ToString();
    };
    expect((verbs & this->kGet) != 0, this->Read(key, token));
    expect((verbs & (this->kPut | this->kRepair)) != 0, this->Put(this->NewFragment(), token).status());
    expect((verbs & this->kDelete) != 0, this->store().Delete(TestContext(), {key}, token));
    expect((verbs & this->kRepair) != 0, this->store().Drop(TestContext(), {}, token));
    expect((verbs & this->kList) != 0, this->List(token));
  }
}

TYPED_TEST_P(FragmentStoreTokenContract, OnlyGenuineTokensOfThisSiteAndTimeAreTaken) {
  const auto refused = [&](const TokenBytes& token) {
    return this->Put(this->NewFragment(), token).status().code() == StatusCode::kUnauthenticated &&
           this->Read(this->NewFragment().key, token).code() == StatusCode::kUnauthenticated &&
           this->List(token).code() == StatusCode::kUnauthenticated;
  };
  const Token good = this->Good(31);
  ASSERT_OK(this->Put(this->NewFragment(), this->Sign(good)));
  EXPECT_TRUE(refused({})) << "none";
  const Bytes bytes = ToBytes(this->Sign(good));
  for (size_t at = 0; at < bytes.size(); ++at) {
    Bytes tampered = bytes;
    tampered[at] ^= 1;
    EXPECT_TRUE(refused(Buffer::FromBytes(std::move(tampered)))) << "tampered at " << at;
  }
  EXPECT_TRUE(refused(Buffer::CopyOf(ByteSpan(bytes).first(143)))) << "truncated";
  const SigningKey stranger = SigningKeyFromSeed(Key32(std::array<uint8_t, 32>{9}));
  EXPECT_TRUE(refused(Buffer::CopyOf(good.Encode(stranger)))) << "another signer";
  const auto changed = [&](auto change) {
    Token token = good;
    change(token);
    return this->Sign(token);
  };
  EXPECT_TRUE(refused(changed([](Token& t) { t.site = SiteId{2}; })));
  EXPECT_TRUE(refused(changed([&](Token& t) { t.not_after_ms = this->NowMillis() - 1; }))) << "expired";
  EXPECT_TRUE(refused(changed([&](Token& t) {
    t.not_before_ms = this->NowMillis() + kMaxClockSkewMs + 1;
    t.not_after_ms = t.not_before_ms + 1000;
  }))) << "not yet good";
  EXPECT_TRUE(refused(changed([](Token& t) { t.not_after_ms = t.not_before_ms + kMaxTokenLifeMs + 1; }))) << "too long";
}

TYPED_TEST_P(FragmentStoreTokenContract, ARememberedTokenStillExpires) {
  const TokenBytes token = this->GoodBytes(31);
  ASSERT_OK(this->List(token));
  this->fixture_.clock().Advance(601'000 * int64_t{1000});
  EXPECT_CODE(this->List(token), kUnauthenticated);
}

TYPED_TEST_P(FragmentStoreTokenContract, ANewerFenceEpochEndsOlderTokens) {
  Token newer = this->Good(31);
  newer.fence_epoch = 2;
  const TokenBytes old = this->GoodBytes(31);
  ASSERT_OK(this->List(old));
  ASSERT_OK(this->List(this->Sign(newer)));
  EXPECT_CODE(this->List(old), kUnauthenticated);
}

TYPED_TEST_P(FragmentStoreTokenContract, ATokenOfOneBucketReadsAndPutsOnly) {
  Token token = this->Good(31);
  token.bucket = BucketId::NewRandom(this->random_);
  const TokenBytes bytes = this->Sign(token);
  const TestFragment fragment = this->NewFragment();
  ASSERT_OK(this->Put(fragment, bytes));
  EXPECT_OK(this->Read(fragment.key, bytes));
  EXPECT_CODE(this->store().Delete(TestContext(), {fragment.key}, bytes), kPermissionDenied);
  EXPECT_CODE(this->List(bytes), kPermissionDenied);
  EXPECT_CODE(this->Put(this->NewFragment(kMaxEncodingAgeMs + 1), bytes), kFailedPrecondition);
}

TYPED_TEST_P(FragmentStoreTokenContract, RepairIsExemptFromTheFence) {
  const TestFragment old = this->NewFragment(30 * kMaxEncodingAgeMs);
  EXPECT_CODE(this->Put(old, this->GoodBytes(this->kPut)), kFailedPrecondition);
  EXPECT_OK(this->Put(old, this->GoodBytes(this->kRepair)));
}

TYPED_TEST_P(FragmentStoreTokenContract, ReceiptsSayWhatIsStoredAndAreMaced) {
  const TestFragment fragment = this->NewFragment();
  ASSERT_OK_AND_ASSIGN(const ReceiptBytes bytes, this->Put(fragment, this->GoodBytes(this->kPut)));
  EXPECT_TRUE(Receipt::Verify(bytes, TestIdentity().receipt_key));
  EXPECT_FALSE(Receipt::Verify(bytes, Key32()));
  const Receipt expected{
      fragment.key.encoding, 1, StoreId{3}, static_cast<int64_t>(fragment.bytes.size()), fragment.sum,
      this->NowMillis()};
  EXPECT_EQ(*Receipt::Decode(bytes), expected);
}

REGISTER_TYPED_TEST_SUITE_P(FragmentStoreTokenContract, EachVerbOpensItsCallsOnly,
                            OnlyGenuineTokensOfThisSiteAndTimeAreTaken, ARememberedTokenStillExpires,
                            ANewerFenceEpochEndsOlderTokens, ATokenOfOneBucketReadsAndPutsOnly,
                            RepairIsExemptFromTheFence, ReceiptsSayWhatIsStoredAndAreMaced);

}  // namespace pbfs
