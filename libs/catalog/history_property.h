#pragma once

#include <algorithm>
#include <map>

#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/model/byte_array_model.h"
#include "libs/model/limits.h"
#include "libs/model/skyline.h"

/// Random histories over a catalog, held against the byte-array model after every step: what Lists shows, read through the
/// skyline, is Fold(H), its size and its past included (I5, I7, I8, I10-I12, I26). Any implementation can be the fixture.
/// The model's byte 0 is byte kBase of the object: everything below stays zeros.
namespace pbfs {

template <typename Fixture>
class HistoryProperty : public CatalogContract<Fixture> {
 protected:
  /// Positions are few, close to region borders, and repeat, so that extents meet in every way.
  static constexpr int64_t kBase = kRegionSize - 40;
  static constexpr int64_t kSpan = 80;
  static constexpr int64_t kEnd = kBase + 2 * kSpan;

  void Begin(bool history, uint64_t seed) {
    this->bucket_ = history ? this->MakeHistoryBucket() : this->MakeBucket({});
    history_ = history;
    random_ = std::make_unique<SeededRandom>(seed);
    client_ = std::make_unique<TestClient>(this->fixture_.clock(), this->bucket_, seed);
    object_ = client_->NewObject();
    model_ = {}, stale_.clear(), sealed_.clear(), floor_ = 0;
    TestCommit first(*client_);
    Must(first.Creates(object_).Trunc(object_, kBase));
    model_.Truncate(first.last_order(), 0);
  }

  void Step() {
    switch (random_->Below(14)) {
      case 0:
      case 1:
      case 2:
      case 3: return Write();
      case 4: return Zero();
      case 5: return Truncate();
      case 6: return SeveralAtOnce();
      case 7: return RememberList();
      case 8:
      case 9: return Rehome();
      case 10: return CloneByRows();
      case 11: return CloneByReference();
      case 12: return Refused();
      default: return Expire();
    }
  }

  void Check() {
    ExpectBytes(this->List(object_, kBase, kEnd), model_.Fold());
    EXPECT_EQ(this->Stat(object_).size, kBase + static_cast<int64_t>(model_.Fold().size()));
    if (!history_) return;
    auto op = model_.ops().begin();
    std::advance(op, random_->Below(model_.ops().size()));
    const Hlc as_of = op->first.hlc;
    if (as_of < floor_) return;
    const std::vector<uint8_t> past = model_.Fold({as_of, INT64_MAX});
    ASSERT_OK_AND_ASSIGN(const ListReply list, this->TryList(this->bucket_, object_, kBase, kEnd, as_of));
    EXPECT_EQ(list.size, kBase + static_cast<int64_t>(past.size())) << "as of " << as_of;
    ExpectBytes(list, past);
  }

 private:
  void Must(const TestCommit& commit) { ASSERT_EQ(CommitCodeName(this->SendCode(commit)), std::string("OK")); }
  std::pair<int64_t, int64_t> Range() {
    int64_t lo = kBase + static_cast<int64_t>(random_->Below(kSpan));
    int64_t hi = lo + 1 + static_cast<int64_t>(random_->Below(random_->Below(2) == 0 ? 4 : 40));
    if (random_->Below(4) == 0) lo = last_.first;
    if (random_->Below(4) == 0) hi = last_.second;
    if (random_->Below(6) == 0) lo = last_.second;
    if (hi <= lo) hi = lo + 1;
    return last_ = {lo, hi};
  }
  Bytes Content(int64_t size) {
    Bytes content(size);
    for (uint8_t& byte : content) byte = static_cast<uint8_t>(1 + random_->Below(255));
    return content;
  }
  void Write() {
    const auto [lo, hi] = Range();
    const Bytes content = Content(hi - lo);
    TestCommit commit(*client_);
    Must(commit.Write(object_, lo, content));
    model_.Write(commit.last_order(), lo - kBase, content);
  }
  void Zero() {
    auto [lo, hi] = Range();
    if (random_->Below(4) == 0) lo = 0;  // longer than a region: a span
    TestCommit commit(*client_);
    Must(commit.Zero(object_, lo, hi));
    model_.Zero(commit.last_order(), std::max(lo, kBase) - kBase, hi - kBase);
  }
  void Truncate() {
    const int64_t length = random_->Below(5) == 0 ? kBase : Range().first;
    TestCommit commit(*client_);
    Must(commit.Trunc(object_, length));
    model_.Truncate(commit.last_order(), length - kBase);
  }
  void SeveralAtOnce() {
    TestCommit commit(*client_);
    ByteArrayModel next = model_;
    for (uint64_t i = 0; i <= random_->Below(4); ++i) {
      const auto [lo, hi] = Range();
      const Bytes content = Content(hi - lo);
      commit.Write(object_, lo, content);
      next.Write(commit.last_order(), lo - kBase, content);
    }
    Must(commit);
    model_ = next;
  }
  /// A Commit whose last op cannot happen leaves nothing behind.
  void Refused() {
    const auto [lo, hi] = Range();
    TestCommit commit(*client_);
    commit.Write(object_, lo, Content(hi - lo)).Zero(object_, 0, 2 * kRegionSize).Zero(client_->NewObject(), 0, 1);
    ASSERT_EQ(this->SendCode(commit), CommitCode::kObjectGone);
  }
  void Expire() {
    if (!history_) return;
    auto op = model_.ops().begin();
    std::advance(op, random_->Below(model_.ops().size()) / 2);
    floor_ = std::max(floor_, op->first.hlc);
    this->fixture_.ExpireHistory(this->bucket_, floor_);
  }

  // ---- rehome: from a list that may be stale by the time it is used, and sometimes by a merger that leaves a run out ----
  void RememberList() { stale_.push_back(this->List(object_, 0, 2 * kRegionSize)); }

  void Rehome() {
    if (stale_.empty() || random_->Below(2) == 0) RememberList();
    const size_t pick = random_->Below(stale_.size());
    const ListReply reply = stale_[pick];
    const std::vector<Extent>& list = reply.extents;
    if (random_->Below(2) == 0) stale_.erase(stale_.begin() + static_cast<ptrdiff_t>(pick));
    const int64_t region = static_cast<int64_t>(random_->Below(2));
    std::vector<Extent> sources;
    for (const Extent& e : list) {
      const bool inside = RegionOf(e.lo) == region && RegionOf(e.hi - 1) == region;
      if (inside && random_->Below(5) != 0) sources.push_back(e);
    }
    if (sources.empty()) return;
    std::vector<TestRun> runs;
    Bytes content;
    for (const SkylinePiece& piece : Skyline(list, region * kRegionSize, (region + 1) * kRegionSize)) {
      const Extent& extent = list[piece.extent];
      if (extent.source.kind != SourceKind::kBody) continue;
      if (std::find(sources.begin(), sources.end(), extent) == sources.end()) continue;
      if (random_->Below(10) == 0) continue;  // a lie
      runs.push_back({piece.lo, piece.hi, extent.order, static_cast<int64_t>(content.size())});
      const Bytes& from = client_->contents().at(extent.source.body);
      content.insert(content.end(), from.begin() + piece.inner, from.begin() + piece.inner + (piece.hi - piece.lo));
    }
    if (runs.empty()) return;
    if (random_->Below(2) == 0) Flatten(runs, AnyFrontier(reply, region));
    Must(TestCommit(*client_).Rehome(object_, content, runs, sources));
  }

  /// Some order up to which nothing more could arrive in the region when it was listed.
  Hlc AnyFrontier(const ListReply& list, int64_t region) {
    Hlc newest = list.span_hlc;
    for (const RegionHead& head : list.regions) {
      if (head.region == region) newest = std::max(newest, head.max_hlc);
    }
    auto op = model_.ops().begin();
    std::advance(op, random_->Below(model_.ops().size()));
    return random_->Below(2) == 0 ? newest : std::min(newest, op->first.hlc);
  }
  // ---- clones ------------------------------------------------------------------------------------------------------------
  void CloneByRows() {
    const std::vector<Extent> list = this->List(object_, kBase, kEnd).extents;
    std::vector<Extent> visible;
    for (const SkylinePiece& piece : Skyline(list, kBase, kEnd)) {
      const Extent& extent = list[piece.extent];
      if (extent.source.kind == SourceKind::kBody)
        visible.push_back({piece.lo, piece.hi, {}, extent.source, piece.inner, {}});
    }
    if (visible.empty() ||
        std::any_of(list.begin(), list.end(), [](const Extent& e) { return e.source.kind == SourceKind::kObject; }))
      return;
    const ObjectId clone = client_->NewObject();
    Must(TestCommit(*client_).Creates(clone).Clone(clone, visible));
    std::vector<uint8_t> want = model_.Fold();
    ExpectBytes(this->List(clone, kBase, kEnd), want);
    Must(TestCommit(*client_).Seal(clone));
    sealed_[clone] = want;
  }
  void CloneByReference() {
    if (sealed_.empty()) return;
    auto source = sealed_.begin();
    std::advance(source, random_->Below(sealed_.size()));
    const auto [lo, hi] = Range();
    std::vector<uint8_t> bytes = source->second;
    bytes.resize(std::max<size_t>(bytes.size(), hi - kBase));
    TestCommit commit(*client_);
    Must(commit.CloneObject(object_, lo, hi, source->first, lo));
    model_.Write(commit.last_order(), lo - kBase, {bytes.begin() + (lo - kBase), bytes.begin() + (hi - kBase)});
  }

  uint8_t ByteOf(const Source& source, int64_t inner) const {
    if (source.kind == SourceKind::kZeros) return 0;
    if (source.kind == SourceKind::kBody) return client_->contents().at(source.body).at(inner);
    const std::vector<uint8_t>& bytes = sealed_.at(source.object);
    const size_t at = static_cast<size_t>(inner - kBase);  // references keep their place
    return at < bytes.size() ? bytes[at] : 0;
  }
  void ExpectBytes(const ListReply& list, std::vector<uint8_t> want) {
    want.resize(kEnd - kBase);
    std::vector<uint8_t> got(kEnd - kBase);
    for (const SkylinePiece& piece : Skyline(list.extents, kBase, kEnd)) {
      const Source& source = list.extents[piece.extent].source;
      for (int64_t at = piece.lo; at < piece.hi; ++at) got[at - kBase] = ByteOf(source, piece.inner + at - piece.lo);
    }
    const auto differ = std::mismatch(got.begin(), got.end(), want.begin());
    ASSERT_TRUE(differ.first == got.end()) << "at byte " << differ.first - got.begin() << " of the busy range";
  }

  bool history_ = false;
  std::unique_ptr<SeededRandom> random_;
  std::unique_ptr<TestClient> client_;
  ObjectId object_;
  ByteArrayModel model_;
  std::vector<ListReply> stale_;
  std::map<ObjectId, std::vector<uint8_t>> sealed_;
  std::pair<int64_t, int64_t> last_{kBase, kBase + 1};
  Hlc floor_ = 0;
};
TYPED_TEST_SUITE_P(HistoryProperty);

TYPED_TEST_P(HistoryProperty, CatalogShowsTheFoldOfAllOps) {
  const uint64_t seed = TestSeed();
  for (int trial = 0; trial < TestScaled(100); ++trial) {
    SCOPED_TRACE(testing::Message() << "PBFS_TEST_SEED=" << seed << " trial " << trial);
    this->Begin(trial % 2 == 1, seed * 1000 + trial);
    for (int step = 0; step < 40 && !this->HasFailure(); ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      this->Step();
      this->Check();
    }
    if (this->HasFailure()) return;
  }
}

REGISTER_TYPED_TEST_SUITE_P(HistoryProperty, CatalogShowsTheFoldOfAllOps);

}  // namespace pbfs
