#include "libs/client/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "libs/client/ready_signal.h"
#include "libs/format/body_decoder.h"

namespace pbfs {
namespace {

constexpr int64_t kWindow = 1 << 20;       // bytes per fragment of one unit
constexpr int64_t kMaxCall = 2 << 20;      // bytes of one call to a store
constexpr size_t kMaxRanges = 1024;
constexpr int64_t kMaxGap = 2;             // unwanted segments that are read rather than split a range

enum class ShardState : uint8_t { kUntried, kAsked, kHave, kCorrupt, kMissing, kUnreachable };

/// A run of segments of one body: what is fetched, decoded and opened as one.
struct Unit {
  std::shared_ptr<const ListedBody> body;
  Geometry geometry;
  int64_t first = 0;
  int64_t last = 0;
  std::vector<BodyTarget> targets;
  std::vector<ShardState> shards;
  std::vector<Buffer> have;
  int wanted = 0;       // shards that it needs: k, more after the AEAD failed
  bool opening = false;
  bool done = false;

  int64_t RangeBegin() const { return geometry.StripeBegin(first); }
  int64_t RangeEnd() const { return geometry.StripeEnd(last); }
  int64_t RangeSize() const { return RangeEnd() - RangeBegin(); }
  int64_t Cost() const { return RangeSize() * geometry.k; }
  int Count(ShardState state) const { return static_cast<int>(std::count(shards.begin(), shards.end(), state)); }
};

/// What opening a unit came to.
struct Opened {
  Unit* unit = nullptr;
  bool ok = false;
  std::vector<uint8_t> corrupt;  // shards with a wrong CRC, or found to lie
  int64_t reconstructed = 0;
};

class UnitOpener {
 public:
  explicit UnitOpener(Unit& unit)
      : unit_(unit), decoder_(unit.body->dek, unit.body->header, unit.geometry.k, unit.geometry.n) {}

  Opened Run() {
    result_.unit = &unit_;
    result_.ok = true;
    for (int64_t i = unit_.first; i <= unit_.last && result_.ok; ++i) {
      if (Wanted(i)) result_.ok = OpenOne(i);
    }
    return result_;
  }

 private:
  int64_t SegmentBegin(int64_t i) const { return i << unit_.geometry.seg_log2; }
  int64_t SegmentEnd(int64_t i) const { return SegmentBegin(i) + unit_.geometry.SegmentPlaintext(i); }
  bool Overlaps(const BodyTarget& target, int64_t i) const {
    return target.begin < SegmentEnd(i) && target.end > SegmentBegin(i);
  }
  bool Wanted(int64_t i) const {
    return std::any_of(unit_.targets.begin(), unit_.targets.end(), [&](const BodyTarget& t) { return Overlaps(t, i); });
  }

  bool OpenOne(int64_t i) {
    const std::vector<ShardBlock> blocks = SoundBlocks(i);
    if (static_cast<int>(blocks.size()) < unit_.geometry.k) return false;
    // A segment that one target wants whole is opened in its place; else beside it, and cut.
    uint8_t* place = nullptr;
    for (const BodyTarget& target : unit_.targets) {
      if (target.begin <= SegmentBegin(i) && target.end >= SegmentEnd(i)) place = target.out + (SegmentBegin(i) - target.begin);
    }
    if (place == nullptr) scratch_.resize(static_cast<size_t>(unit_.geometry.Segment()));
    const BodyDecoder::Outcome outcome = decoder_.OpenSegment(i, blocks, place != nullptr ? place : scratch_.data());
    if (!outcome.opened) return false;
    result_.reconstructed += outcome.reconstructed;
    result_.corrupt.insert(result_.corrupt.end(), outcome.liars.begin(), outcome.liars.end());
    if (place == nullptr) Cut(i);
    return true;
  }

  std::vector<ShardBlock> SoundBlocks(int64_t i) {
    std::vector<ShardBlock> blocks;
    const auto at = static_cast<size_t>(unit_.geometry.StripeBegin(i) - unit_.RangeBegin());
    const auto size = static_cast<size_t>(unit_.geometry.Block(i) + Geometry::kCrc);
    for (uint8_t j = 0; j < unit_.geometry.n; ++j) {
      if (unit_.shards[j] != ShardState::kHave) continue;
      const ByteSpan block = unit_.have[j].span().subspan(at, size);
      if (CheckBlock(unit_.body->row.encoding->id, j, static_cast<uint32_t>(i), block)) {
        blocks.push_back({j, block.data()});
      } else {
        result_.corrupt.push_back(j);
      }
    }
    return blocks;
  }

  void Cut(int64_t i) {
    for (const BodyTarget& target : unit_.targets) {
      const int64_t from = std::max(target.begin, SegmentBegin(i)), to = std::min(target.end, SegmentEnd(i));
      if (from >= to) continue;
      std::memcpy(target.out + (from - target.begin), scratch_.data() + (from - SegmentBegin(i)),
                  static_cast<size_t>(to - from));
    }
  }

  Unit& unit_;
  BodyDecoder decoder_;
  Bytes scratch_;
  Opened result_;
};

/// What the event loop and the opening tasks share; tasks own it, so that none outlives what it touches.
struct OpenedQueue {
  Mutex mutex;
  std::vector<Opened> results PBFS_GUARDED_BY(mutex);
};

/// Targets cut into units. Targets of one body come together, by begin.
std::deque<Unit> MakeUnits(std::vector<BodyTarget> targets) {
  // By body and begin, but bodies in the order in which they are first wanted: the front of the range comes first.
  std::unordered_map<BodyId, size_t> rank;
  for (const BodyTarget& target : targets) rank.try_emplace(target.body->row.id, rank.size());
  std::sort(targets.begin(), targets.end(), [&](const BodyTarget& a, const BodyTarget& b) {
    return std::pair(rank[a.body->row.id], a.begin) < std::pair(rank[b.body->row.id], b.begin);
  });
  std::deque<Unit> units;
  for (const BodyTarget& target : targets) {
    const Geometry geometry = target.body->geometry();
    const int64_t step = std::max<int64_t>(1, kWindow / (geometry.FullBlock() + Geometry::kCrc));
    for (int64_t begin = target.begin; begin < target.end;) {
      const int64_t segment = geometry.FirstSegment(begin);
      const bool joins = !units.empty() && units.back().body->row.id == target.body->row.id &&
                         segment <= units.back().last + 1 + kMaxGap && segment < units.back().first + step;
      if (!joins) {
        Unit& unit = units.emplace_back();
        unit.body = target.body;
        unit.geometry = geometry;
        unit.first = unit.last = segment;
        unit.shards.resize(geometry.n);
        unit.have.resize(geometry.n);
        unit.wanted = geometry.k;
      }
      Unit& unit = units.back();
      const int64_t end = std::min(target.end, (unit.first + step) << geometry.seg_log2);
      unit.last = std::max(unit.last, geometry.LastSegment(end));
      unit.targets.push_back({target.body, begin, end, target.out + (begin - target.begin)});
      begin = end;
    }
  }
  return units;
}

class Fetcher {
 public:
  Fetcher(const Context& context, ClientCore& core, const ClusterMap& map, TokenBytes token, std::deque<Unit> units,
          int64_t memory)
      : context_(core.Step(context)), core_(core), map_(map), token_(std::move(token)), units_(std::move(units)),
        memory_(memory), signal_(std::make_shared<ReadySignal>()), opened_(std::make_shared<OpenedQueue>()) {}

  Status Run() {
    Status status = Loop();
    // Tasks write into the caller's memory: none may be left when this returns.
    while (opening_ > 0) {
      const uint64_t seen = signal_->Events();
      TakeOpened();
      if (opening_ > 0) signal_->WaitAfter(seen, Context(), MonotonicTime::max());
    }
    return status;
  }

 private:
  struct Call {
    StoreId store;
    std::shared_ptr<FragmentStore> holder;
    std::vector<std::pair<Unit*, uint8_t>> wants;
    std::unique_ptr<PendingRead> read;
    MonotonicTime started;
    bool hedged = false;
  };

  Status Loop() {
    while (done_ < units_.size()) {
      PBFS_RETURN_IF_ERROR(context_.Check());
      const uint64_t seen = signal_->Events();
      Admit();
      const bool moved = HarvestCalls() | TakeOpened();
      Hedge();
      Flush();
      PBFS_RETURN_IF_ERROR(failed_);
      if (!moved && done_ < units_.size()) signal_->WaitAfter(seen, context_, NextHedge());
    }
    return OkStatus();
  }

  void Admit() {
    while (admitted_ < units_.size() && (in_flight_ == 0 || in_flight_ + units_[admitted_].Cost() <= memory_)) {
      Unit& unit = units_[admitted_++];
      in_flight_ += unit.Cost();
      Ask(unit, unit.wanted);
    }
    Flush();
  }

  /// How much a shard is wanted: data before parity, known trouble last. Less is better.
  int Rank(const Unit& unit, uint8_t j) const {
    const auto store = StoreOf(map_, unit.body->row.encoding->id, j);
    const bool missing = (unit.body->row.missing >> j & 1) != 0;
    return (j >= unit.geometry.k) + 2 * (!store || core_.cluster.IsSuspect(*store)) + 4 * missing;
  }

  /// Asks for up to `count` further shards.
  void Ask(Unit& unit, int count) {
    for (; count > 0; --count) {
      int best = -1, best_rank = 0;
      for (uint8_t j = 0; j < unit.geometry.n; ++j) {
        if (unit.shards[j] != ShardState::kUntried) continue;
        if (const int rank = Rank(unit, j); best < 0 || rank < best_rank) best = j, best_rank = rank;
      }
      if (best < 0) return;
      const auto shard = static_cast<uint8_t>(best);
      const auto store = StoreOf(map_, unit.body->row.encoding->id, shard);
      unit.shards[shard] = store ? ShardState::kAsked : ShardState::kMissing;
      if (store) asks_[*store].push_back({&unit, shard});
      else ++count;
    }
  }

  void Flush() {
    auto asks = std::move(asks_);
    asks_.clear();
    for (auto& [store, wants] : asks) {
      for (size_t at = 0; at < wants.size();) {
        size_t end = at;
        int64_t bytes = 0;
        while (end < wants.size() && end - at < kMaxRanges &&
               (end == at || bytes + wants[end].first->RangeSize() <= kMaxCall)) {
          bytes += wants[end++].first->RangeSize();
        }
        Start(store, {wants.begin() + static_cast<int64_t>(at), wants.begin() + static_cast<int64_t>(end)});
        at = end;
      }
    }
  }

  void Start(StoreId store, std::vector<std::pair<Unit*, uint8_t>> wants) {
    Result<std::shared_ptr<FragmentStore>> holder = core_.world.stores.Find(store);
    if (!holder.ok()) {
      core_.cluster.Suspect(store);
      for (const auto& [unit, shard] : wants) unit->shards[shard] = ShardState::kUnreachable, dirty_.push_back(unit);
      signal_->Notify();
      return;
    }
    ReadRequest request;
    request.token = token_;
    for (const auto& [unit, shard] : wants) {
      request.ranges.push_back({{unit->body->row.encoding->id, shard}, unit->RangeBegin(), unit->RangeEnd()});
    }
    ++core_.counters.read_calls;
    Call call;
    call.store = store;
    call.holder = *holder;
    call.wants = std::move(wants);
    call.started = MonotonicNow();
    call.read = (*holder)->StartRead(context_.Within(core_.options.store_timeout), std::move(request), NotifyOn(signal_));
    calls_.push_back(std::move(call));
  }

  bool HarvestCalls() {
    bool moved = false;
    for (size_t c = 0; c < calls_.size();) {
      if (!calls_[c].read->Ready()) {
        ++c;
        continue;
      }
      Call call = std::move(calls_[c]);
      calls_.erase(calls_.begin() + static_cast<int64_t>(c));
      Take(call, call.read->Wait(context_));
      moved = true;
    }
    for (Unit* unit : std::exchange(dirty_, {})) Progress(*unit), moved = true;
    return moved;
  }

  void Take(Call& call, Result<ReadReply> reply) {
    if (!reply.ok() || reply->parts.size() != call.wants.size()) {
      last_error_ = reply.status();
      if (reply.ok() || IsRetryable(reply.status())) core_.cluster.Suspect(call.store);
      for (const auto& [unit, shard] : call.wants) unit->shards[shard] = ShardState::kUnreachable, dirty_.push_back(unit);
      return;
    }
    latencies_[next_latency_++ % latencies_.size()] = MonotonicNow() - call.started;
    for (size_t i = 0; i < call.wants.size(); ++i) {
      const auto& [unit, shard] = call.wants[i];
      unit->shards[shard] = TakePart(*unit, shard, call.store, std::move(reply->parts[i]));
      dirty_.push_back(unit);
    }
  }

  ShardState TakePart(Unit& unit, uint8_t shard, StoreId store, ReadPart part) {
    if (unit.done || unit.opening) return ShardState::kUntried;  // late: the unit was opened without it
    core_.counters.fragment_bytes_read += static_cast<int64_t>(part.bytes.size());
    if (part.status.ok() && static_cast<int64_t>(part.bytes.size()) == unit.RangeSize()) {
      unit.have[shard] = std::move(part.bytes);
      return ShardState::kHave;
    }
    if (!part.status.ok()) last_error_ = part.status;
    if (part.status.code() == StatusCode::kNotFound) {
      core_.cluster.Doubt();
      return ShardState::kMissing;
    }
    const bool wrong = part.status.ok() || part.status.code() == StatusCode::kDataLoss ||
                       part.status.code() == StatusCode::kOutOfRange || part.status.code() == StatusCode::kInvalidArgument;
    if (!wrong) return ShardState::kUnreachable;
    core_.counters.CountCorrupt(store);
    return ShardState::kCorrupt;
  }

  /// Opens a unit that has enough, asks for more for one that has not, or gives up.
  void Progress(Unit& unit) {
    if (unit.done || unit.opening) return;
    const int have = unit.Count(ShardState::kHave), asked = unit.Count(ShardState::kAsked);
    if (have >= unit.wanted) return Open(unit);
    if (have + asked < unit.wanted) Ask(unit, unit.wanted - have - asked);
    if (unit.Count(ShardState::kAsked) > 0) return;
    // Everything there is was tried. More than k may still give a good subset.
    if (have >= unit.geometry.k && have > opened_with_[&unit]) return Open(unit);
    Fail(unit);
  }

  void Fail(const Unit& unit) {
    const int unreachable = unit.Count(ShardState::kUnreachable);
    const int rest = unit.geometry.n - unreachable;
    const std::string what = fmt::format(
        "body {} bytes [{}, {}): {} of {} fragments are sound, {} corrupt, {} missing, {} unreachable; {} are needed{}",
        unit.body->row.id.ToString(), unit.first << unit.geometry.seg_log2,
        std::min(unit.body->header.length, (unit.last + 1) << unit.geometry.seg_log2), unit.Count(ShardState::kHave),
        unit.geometry.n, unit.Count(ShardState::kCorrupt), unit.Count(ShardState::kMissing), unreachable, unit.geometry.k,
        last_error_.ok() ? "" : "; last: " + last_error_.ToString());
    // Whether stores that are away could change it.
    failed_ = unreachable > 0 && unit.Count(ShardState::kHave) + unreachable >= unit.geometry.k && rest >= 0
                  ? UnavailableError(what)
                  : DataLossError(what);
  }

  void Open(Unit& unit) {
    unit.opening = true;
    ++opening_;
    opened_with_[&unit] = unit.Count(ShardState::kHave);
    auto task = [&unit, queue = opened_, signal = signal_] {
      Opened result = UnitOpener(unit).Run();
      {
        MutexLock lock(queue->mutex);
        queue->results.push_back(std::move(result));
      }
      signal->Notify();
    };
    const bool alone = calls_.empty() && admitted_ == units_.size() && opening_ == 1;
    if (alone || !core_.compute.Submit(task).ok()) task();
  }

  bool TakeOpened() {
    std::vector<Opened> results;
    {
      MutexLock lock(opened_->mutex);
      results.swap(opened_->results);
    }
    for (const Opened& result : results) Finish(result);
    return !results.empty();
  }

  void Finish(const Opened& result) {
    Unit& unit = *result.unit;
    unit.opening = false;
    --opening_;
    core_.counters.decoded_around += result.reconstructed;
    for (const uint8_t shard : result.corrupt) {
      if (unit.shards[shard] != ShardState::kHave) continue;
      unit.shards[shard] = ShardState::kCorrupt;
      if (const auto store = StoreOf(map_, unit.body->row.encoding->id, shard)) core_.counters.CountCorrupt(*store);
    }
    if (result.ok) {
      unit.done = true;
      ++done_;
      in_flight_ -= unit.Cost();
      unit.have.clear();
      return;
    }
    // Without a wrong CRC somebody lies: one shard more, and other subsets.
    if (result.corrupt.empty()) ++unit.wanted;
    dirty_.push_back(&unit);
    signal_->Notify();
  }

  /// About the 95th percentile of this operation's calls, between 20 ms and 1 s; 150 ms while nothing is known.
  Duration HedgeDelay() const {
    std::vector<Duration> known;
    for (const Duration& latency : latencies_) {
      if (latency > Duration::zero()) known.push_back(latency);
    }
    if (known.size() < 8) return std::chrono::milliseconds(150);
    std::sort(known.begin(), known.end());
    const Duration p95 = known[known.size() * 95 / 100];
    return std::clamp<Duration>(2 * p95, std::chrono::milliseconds(20), std::chrono::seconds(1));
  }

  void Hedge() {
    const Duration delay = HedgeDelay();
    for (Call& call : calls_) {
      if (call.hedged || MonotonicNow() - call.started < delay) continue;
      call.hedged = true;
      ++core_.counters.hedges;
      for (const auto& [unit, shard] : call.wants) {
        if (!unit->done && !unit->opening && unit->shards[shard] == ShardState::kAsked) Ask(*unit, 1);
      }
    }
  }

  MonotonicTime NextHedge() const {
    MonotonicTime next = MonotonicTime::max();
    const Duration delay = HedgeDelay();
    for (const Call& call : calls_) {
      if (!call.hedged) next = std::min(next, call.started + delay);
    }
    return next;
  }

  const Context context_;
  ClientCore& core_;
  const ClusterMap& map_;
  const TokenBytes token_;
  std::deque<Unit> units_;
  const int64_t memory_;
  const std::shared_ptr<ReadySignal> signal_;
  const std::shared_ptr<OpenedQueue> opened_;
  std::vector<Call> calls_;
  std::map<StoreId, std::vector<std::pair<Unit*, uint8_t>>> asks_;
  std::vector<Unit*> dirty_;
  std::unordered_map<const Unit*, int> opened_with_;  // how many shards the last try had
  std::array<Duration, 64> latencies_{};
  size_t next_latency_ = 0;
  size_t admitted_ = 0;
  size_t done_ = 0;
  int opening_ = 0;
  int64_t in_flight_ = 0;
  Status last_error_;
  Status failed_;
};

/// Inline bodies come with the list.
Status OpenFromRow(const BodyTarget& target) {
  Result<Bytes> plaintext = OpenInline(target.body->dek, target.body->header, target.body->row.inline_ct);
  if (!plaintext.ok() || static_cast<int64_t>(plaintext->size()) < target.end) {
    return DataLossError(fmt::format("inline body {} does not open", target.body->row.id.ToString()))
        .WithDetail("pbfs-code", "BAD_RECORD");
  }
  std::memcpy(target.out, plaintext->data() + target.begin, static_cast<size_t>(target.end - target.begin));
  return OkStatus();
}

}  // namespace

Status FetchBodies(const Context& context, ClientCore& core, const BucketState& bucket,
                   const std::vector<BodyTarget>& targets, int64_t memory) {
  std::vector<BodyTarget> coded;
  for (const BodyTarget& target : targets) {
    if (target.body->row.encoding) coded.push_back(target);
    else PBFS_RETURN_IF_ERROR(OpenFromRow(target));
  }
  if (coded.empty()) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const auto map, core.cluster.Map(context));
  PBFS_ASSIGN_OR_RETURN(TokenBytes token, core.Token(context, bucket.info.id));
  return Fetcher(context, core, *map, std::move(token), MakeUnits(std::move(coded)), memory).Run();
}

}  // namespace pbfs
