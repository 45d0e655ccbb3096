#include "libs/client/segment_fetch.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <span>

#include <fmt/format.h>

#include "libs/base/signal.h"
#include "libs/format/body_decoder.h"
#include "libs/format/fragment.h"

namespace pbfs {
namespace {

/// What has come of one shard of one fetch.
struct Shard {
  Buffer bytes;             // [StripeBegin(s0), StripeEnd(s1))
  std::vector<char> sound;  // by stripe: the block's CRC fits
  bool asked = false;       // of the store where it belongs
  int awaited = 0;          // calls under way that are not late
  bool corrupt = false;
  int unanswered = 0;  // stores that have not said yet whether they have it
  StoreId from;

  /// No store has it whole, and all that could were heard.
  bool Lost() const { return corrupt || (asked && bytes.empty() && unanswered == 0); }
};

/// One fetch in work.
struct Job {
  const SegmentFetch* fetch = nullptr;
  Geometry geometry;
  int64_t s0 = 0, s1 = 0;
  EncodingId encoding;
  EncodingStores stores;
  std::vector<Shard> shards;
  std::vector<int> sound_blocks;  // by stripe
  bool asked_everywhere = false;
  bool halved = false;  // others do its work

  int64_t RangeBegin() const { return geometry.StripeBegin(s0); }
  int64_t RangeEnd() const { return geometry.StripeEnd(s1); }
  bool Complete() const {
    return std::all_of(sound_blocks.begin(), sound_blocks.end(), [&](int n) { return n >= geometry.k; });
  }
  /// Shards that are here and sound, or will be in time.
  int Promised() const {
    return static_cast<int>(std::count_if(shards.begin(), shards.end(), [](const Shard& shard) {
      return shard.awaited > 0 || (!shard.bytes.empty() && !shard.corrupt);
    }));
  }
  /// A store refuses a range as a whole for one bad block: asked for in smaller ranges, each stripe may have its k sound ones.
  bool MayHoldMore() const {
    return s1 > s0 && std::any_of(shards.begin(), shards.end(), [](const Shard& shard) { return shard.corrupt; });
  }
  /// Every shard is here, or nobody has it.
  bool AllHeard() const {
    return std::all_of(shards.begin(), shards.end(),
                       [](const Shard& shard) { return !shard.bytes.empty() || shard.Lost(); });
  }
  bool Awaits() const {
    return std::any_of(shards.begin(), shards.end(), [](const Shard& shard) { return shard.awaited > 0; });
  }
};

/// One range asked of one store.
struct Ask {
  Job* job = nullptr;
  uint8_t shard = 0;
};
using Asks = std::map<StoreId, std::vector<Ask>>;

/// One call under way.
struct Call {
  StoreId store;
  std::shared_ptr<FragmentStore> held;
  std::vector<Ask> asks;
  std::unique_ptr<PendingRead> read;
  int64_t bytes = 0;
  MonotonicTime began, late_at, deadline;
  bool late = false;

  MonotonicTime NextStep() const { return late ? deadline : late_at; }
  /// What it brings is no longer counted on.
  void Forget() {
    for (const Ask& ask : asks) --ask.job->shards[ask.shard].awaited;
  }
};

/// Which bytes of the object somebody who reads an error has to do without, and the body that has them.
std::string Where(const SegmentFetch& fetch) {
  constexpr size_t kMost = 3;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const SegmentFetch::Piece& piece : fetch.pieces)
    ranges.emplace_back(piece.at, piece.at + piece.end - piece.begin);
  std::sort(ranges.begin(), ranges.end());
  std::string text;
  for (size_t i = 0; i < std::min(ranges.size(), kMost); ++i)
    text += fmt::format("{}[{}, {})", i == 0 ? "bytes " : ", ", ranges[i].first, ranges[i].second);
  if (ranges.size() > kMost) text += fmt::format(" and {} more ranges", ranges.size() - kMost);
  return fmt::format("{} of body {}", text, fetch.body->header.id.ToString());
}

class Fetcher {
 public:
  Fetcher(const Context& context, ClientCore& core, const OpenedBucket& bucket)
      : context_(context), core_(core), bucket_(bucket) {}
  ~Fetcher() {
    // Those that others were quicker than: they would have taken longer still.
    for (const Call& call : calls_) core_.latency.Record(call.store, call.bytes, MonotonicNow() - call.began);
  }

  Status Run(const std::vector<SegmentFetch>& fetches) {
    PBFS_ASSIGN_OR_RETURN(token_, core_.cluster.Token(context_, bucket_.id()));
    for (const SegmentFetch& fetch : fetches) PBFS_RETURN_IF_ERROR(AddJob(fetch));
    PBFS_RETURN_IF_ERROR(Gather());
    return Open();
  }

 private:
  Status AddJob(const SegmentFetch& fetch) {
    Job job;
    const Encoding& encoding = *fetch.body->row.encoding;
    job.fetch = &fetch;
    job.geometry = fetch.body->header.GeometryFor(encoding.k, encoding.n);
    job.s0 = job.geometry.FirstSegment(fetch.begin);
    job.s1 = job.geometry.LastSegment(fetch.end);
    job.encoding = encoding.id;
    PBFS_ASSIGN_OR_RETURN(job.stores, core_.cluster.StoresOf(context_, PlacementGroupOf(encoding.id), encoding.n,
                                                             encoding.n - encoding.k));
    job.shards.resize(encoding.n);
    job.sound_blocks.resize(static_cast<size_t>(job.s1 - job.s0 + 1));
    jobs_.push_back(std::make_unique<Job>(std::move(job)));
    return OkStatus();
  }
  bool AllComplete() const {
    return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->Complete(); });
  }

  // Until every stripe has k sound blocks, or nobody is left to ask. At first k shards of each body are asked for; then as many
  // more as calls fail, bring wrong blocks or are late.
  Status Gather() {
    for (;;) {
      const uint64_t seen = signal_->count();
      TakeReady();
      if (AllComplete()) return OkStatus();
      MarkLate();
      if (AskWhatLacks()) continue;  // those calls may have ended already
      if (calls_.empty()) return OkStatus();
      PBFS_RETURN_IF_ERROR(context_.Check());
      signal_->Await(seen, NextStep());
    }
  }

  bool AskWhatLacks() {
    Asks asks;
    for (const auto& job : jobs_) {
      if (!job->Complete()) AskMore(*job, asks);
    }
    for (auto& [store, wanted] : asks) Start(store, wanted);
    return !asks.empty();
  }
  void AskMore(Job& job, Asks& asks) {
    int lacking = job.geometry.k - job.Promised();
    if (lacking <= 0) return;
    for (const uint8_t j : ByPreference(job)) {
      if (lacking == 0) return;
      if (job.shards[j].asked || j >= job.stores.stores.size()) continue;
      AskOne(job, j, job.stores.stores[j], asks);
      --lacking;
    }
    if (lacking > 0 && !job.Awaits() && !job.asked_everywhere) AskEverywhere(job, asks);
  }
  // Data shards before parity, shards of stores in good standing before others.
  std::vector<uint8_t> ByPreference(const Job& job) const {
    std::vector<uint8_t> order(job.shards.size());
    for (uint8_t j = 0; j < order.size(); ++j) order[j] = j;
    const auto doubtful = [&](uint8_t j) {
      const bool missing = (job.fetch->body->row.missing >> j & 1) != 0;
      return missing || j >= job.stores.stores.size() || core_.cluster.IsBad(job.stores.stores[j]);
    };
    std::stable_partition(order.begin(), order.end(), [&](uint8_t j) { return !doubtful(j); });
    return order;
  }
  // A shard may be elsewhere in the group: it was put when the group was another.
  void AskEverywhere(Job& job, Asks& asks) {
    job.asked_everywhere = true;
    std::vector<StoreId> all = job.stores.stores;
    all.insert(all.end(), job.stores.others.begin(), job.stores.others.end());
    for (uint8_t j = 0; j < job.shards.size(); ++j) {
      if (!job.shards[j].bytes.empty()) continue;
      for (const StoreId store : all) {
        if (j < job.stores.stores.size() && job.stores.stores[j] == store) continue;  // asked already
        AskOne(job, j, store, asks);
      }
    }
  }
  static void AskOne(Job& job, uint8_t shard, StoreId store, Asks& asks) {
    job.shards[shard].asked = true;
    ++job.shards[shard].unanswered;
    asks[store].push_back({&job, shard});
  }

  // As many calls to one store as its limit of bytes asks for.
  void Start(StoreId store, const std::vector<Ask>& asks) {
    auto found = core_.to.stores.Find(store);
    if (!found.ok()) {
      core_.cluster.MarkBad(store);
      last_error_ = found.status();
      return;
    }
    size_t at = 0;
    while (at < asks.size()) {
      Call call;
      call.store = store;
      call.held = *found;
      ReadRequest request;
      request.token = token_;
      for (; at < asks.size() && request.ranges.size() < 1024; ++at) {
        const Job& job = *asks[at].job;
        const int64_t size = job.RangeEnd() - job.RangeBegin();
        if (!request.ranges.empty() && call.bytes + size > kMaxReadBytes) break;
        call.bytes += size;
        request.ranges.push_back({{job.encoding, asks[at].shard}, job.RangeBegin(), job.RangeEnd()});
        call.asks.push_back(asks[at]);
        ++asks[at].job->shards[asks[at].shard].awaited;
      }
      ++core_.counters.read_calls;
      const Context patience = context_.Within(core_.options.store_timeout);
      call.began = MonotonicNow();
      call.late_at = call.began + core_.latency.LateAfter(store, call.bytes);
      call.deadline = patience.deadline();
      call.read = (*found)->StartRead(patience, std::move(request), [signal = signal_] { signal->Notify(); });
      calls_.push_back(std::move(call));
    }
  }

  MonotonicTime NextStep() const {
    MonotonicTime next = MonotonicNow() + std::chrono::seconds(1);  // Cancel() wakes nobody
    for (const Call& call : calls_) next = std::min(next, call.NextStep());
    return next;
  }
  // What a late call carries is asked of others as well; one that never ends is given up.
  void MarkLate() {
    const MonotonicTime now = MonotonicNow();
    for (size_t i = 0; i < calls_.size();) {
      Call& call = calls_[i];
      if (!call.late && now >= call.late_at) {
        call.late = true;
        call.Forget();
        ++core_.counters.hedges;
      }
      if (now < call.deadline) {
        ++i;
        continue;
      }
      last_error_ = DeadlineExceededError(fmt::format("store {} does not answer", call.store.value));
      core_.cluster.MarkBad(call.store);
      calls_.erase(calls_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  void TakeReady() {
    for (size_t i = 0; i < calls_.size();) {
      if (!calls_[i].read->Ready()) {
        ++i;
        continue;
      }
      Call call = std::move(calls_[i]);
      calls_.erase(calls_.begin() + static_cast<ptrdiff_t>(i));
      if (!call.late) call.Forget();
      Take(call);
    }
  }
  void Take(Call& call) {
    Result<ReadReply> reply = call.read->Wait(context_);
    if (!reply.ok()) {
      last_error_ = reply.status().Annotate(fmt::format("store {}", call.store.value));
      const bool bad_token = reply.status().code() == StatusCode::kUnauthenticated;
      bad_token ? core_.cluster.ForgetToken(bucket_.id()) : core_.cluster.MarkBad(call.store);
      return;
    }
    core_.latency.Record(call.store, call.bytes, MonotonicNow() - call.began);
    reply->parts.resize(call.asks.size(), {DataLossError("the store's answer is cut short"), {}});
    for (size_t i = 0; i < call.asks.size(); ++i) TakePart(call.store, call.asks[i], reply->parts[i]);
  }
  void TakePart(StoreId store, const Ask& ask, ReadPart& part) {
    Job& job = *ask.job;
    Shard& shard = job.shards[ask.shard];
    if (part.status.ok() && static_cast<int64_t>(part.bytes.size()) != job.RangeEnd() - job.RangeBegin())
      part.status = DataLossError("the store answered with another length");
    if (!part.status.ok()) return TakeRefusal(store, ask, part.status);
    --shard.unanswered;
    if (!shard.bytes.empty()) return;
    shard.bytes = part.bytes;
    shard.from = store;
    shard.corrupt = false;  // whatever another store said of its copy
    core_.counters.fragment_bytes_read += static_cast<int64_t>(part.bytes.size());
    CheckShard(job, ask.shard);
  }
  void TakeRefusal(StoreId store, const Ask& ask, const Status& status) {
    last_error_ = status.Annotate(fmt::format("store {}", store.value));
    Shard& shard = ask.job->shards[ask.shard];
    const std::vector<StoreId>& places = ask.job->stores.stores;
    switch (status.code()) {
      case StatusCode::kDataLoss:
        --shard.unanswered;
        shard.corrupt = true;
        core_.counters.CountCorrupt(store);
        break;
      case StatusCode::kNotFound:
        --shard.unanswered;
        if (ask.shard < places.size() && places[ask.shard] == store) core_.counters.CountMissing(store);
        break;
      default: break;
    }
  }
  static ByteSpan BlockAndCrc(const Job& job, const Shard& shard, int64_t stripe) {
    return shard.bytes.span().subspan(static_cast<size_t>(job.geometry.StripeBegin(stripe) - job.RangeBegin()),
                                      static_cast<size_t>(job.geometry.Block(stripe) + Geometry::kCrc));
  }
  void CheckShard(Job& job, uint8_t number) {
    Shard& shard = job.shards[number];
    for (int64_t i = job.s0; i <= job.s1; ++i) {
      const bool sound = CheckBlock(job.encoding, number, static_cast<uint32_t>(i), BlockAndCrc(job, shard, i));
      shard.sound.push_back(sound ? 1 : 0);
      job.sound_blocks[static_cast<size_t>(i - job.s0)] += sound ? 1 : 0;
      if (sound || shard.corrupt) continue;
      shard.corrupt = true;
      core_.counters.CountCorrupt(shard.from);
    }
  }

  // ---- decoding -------------------------------------------------------------------------------------------------------------

  Status Open() {
    std::vector<SegmentFetch> halves;
    for (const auto& job : jobs_) {
      const Status enough = CheckEnough(*job);
      if (enough.ok()) continue;
      if (enough.code() != StatusCode::kDataLoss || !job->MayHoldMore()) return enough;
      AddHalves(*job, halves);
      job->halved = true;
    }
    PBFS_RETURN_IF_ERROR(OpenJobs());
    return halves.empty() ? OkStatus() : Fetcher(context_, core_, bucket_).Run(halves);
  }
  Status OpenJobs() {
    std::vector<Status> outcomes(jobs_.size());
    ParallelFor(core_.executor, jobs_.size(), [&](size_t i) {
      if (!jobs_[i]->halved) outcomes[i] = OpenJob(*jobs_[i]);
    });
    for (size_t i = 0; i < jobs_.size(); ++i) {
      if (outcomes[i].code() == StatusCode::kDataLoss) outcomes[i] = OpenWithAllShards(*jobs_[i]);
      PBFS_RETURN_IF_ERROR(outcomes[i]);
    }
    return OkStatus();
  }
  // What lies before and behind the middle of a job's segments.
  static void AddHalves(const Job& job, std::vector<SegmentFetch>& halves) {
    const int64_t middle = (job.s0 + job.s1 + 1) / 2 << job.geometry.seg_log2;
    for (const auto& [from, to] : {std::pair(int64_t{0}, middle), std::pair(middle, job.geometry.length)}) {
      SegmentFetch half{job.fetch->body, to, from, {}};
      for (const SegmentFetch::Piece& piece : job.fetch->pieces) {
        const int64_t begin = std::max(from, piece.begin), end = std::min(to, piece.end);
        if (begin >= end) continue;
        half.begin = std::min(half.begin, begin), half.end = std::max(half.end, end);
        half.pieces.push_back({begin, end, piece.out + (begin - piece.begin), piece.at + (begin - piece.begin)});
      }
      halves.push_back(std::move(half));
    }
  }
  Status CheckEnough(const Job& job) const {
    if (job.Complete()) return OkStatus();
    const auto count = [&](auto matches) { return std::count_if(job.shards.begin(), job.shards.end(), matches); };
    const auto corrupt = count([](const Shard& shard) { return shard.corrupt; });
    const auto lost = count([](const Shard& shard) { return shard.Lost(); });
    const std::string what =
        fmt::format("{}: fewer than {} of {} fragments are sound ({} corrupt, {} missing): {}", Where(*job.fetch),
                    job.geometry.k, job.geometry.n, corrupt, lost - corrupt, last_error_.ToString());
    return lost > job.geometry.n - job.geometry.k ? DataLossError(what) : UnavailableError(what);
  }
  // A store lied under a good CRC: with all shards that can be had, the liar shows.
  Status OpenWithAllShards(Job& job) {
    Asks asks;
    for (uint8_t j = 0; j < job.shards.size() && j < job.stores.stores.size(); ++j) {
      if (!job.shards[j].asked) AskOne(job, j, job.stores.stores[j], asks);
    }
    for (auto& [store, wanted] : asks) Start(store, wanted);
    for (;;) {
      const uint64_t seen = signal_->count();
      TakeReady();
      MarkLate();
      if (calls_.empty() || !context_.Check().ok()) break;
      signal_->Await(seen, NextStep());
    }
    const Status opened = OpenJob(job);
    if (opened.code() != StatusCode::kDataLoss || job.AllHeard()) return opened;
    return UnavailableError(
        fmt::format("{}; some stores cannot be reached: {}", opened.message(), last_error_.ToString()));
  }
  Status OpenJob(const Job& job) {
    BodyDecoder decoder(job.fetch->body->dek, job.fetch->body->header, job.geometry.k, job.geometry.n);
    Bytes scratch;
    size_t first = 0;  // of the pieces, those before have ended
    for (int64_t i = job.s0; i <= job.s1; ++i) {
      const int64_t begin = i << job.geometry.seg_log2, end = begin + job.geometry.SegmentPlaintext(i);
      const std::vector<SegmentFetch::Piece>& pieces = job.fetch->pieces;
      while (first < pieces.size() && pieces[first].end <= begin) ++first;
      size_t last = first;
      while (last < pieces.size() && pieces[last].begin < end) ++last;
      PBFS_RETURN_IF_ERROR(
          OpenInto(job, decoder, i, begin, end, {pieces.data() + first, pieces.data() + last}, scratch));
    }
    return OkStatus();
  }
  // Opens one segment where a piece has room for all of it, else aside, and copies what the other pieces want.
  Status OpenInto(const Job& job, BodyDecoder& decoder, int64_t i, int64_t begin, int64_t end,
                  std::span<const SegmentFetch::Piece> pieces, Bytes& scratch) {
    const auto whole = std::find_if(pieces.begin(), pieces.end(),
                                    [&](const auto& piece) { return piece.begin <= begin && end <= piece.end; });
    if (whole == pieces.end()) scratch.resize(static_cast<size_t>(job.geometry.Segment()));
    uint8_t* const opened = whole == pieces.end() ? scratch.data() : whole->out + (begin - whole->begin);
    PBFS_RETURN_IF_ERROR(OpenSegment(job, decoder, i, opened));
    for (auto piece = pieces.begin(); piece != pieces.end(); ++piece) {
      const int64_t from = std::max(begin, piece->begin), to = std::min(end, piece->end);
      if (piece == whole || from >= to) continue;
      std::memcpy(piece->out + (from - piece->begin), opened + (from - begin), static_cast<size_t>(to - from));
    }
    return OkStatus();
  }
  Status OpenSegment(const Job& job, BodyDecoder& decoder, int64_t i, uint8_t* out) {
    std::vector<ShardBlock> blocks;
    for (uint8_t j = 0; j < job.shards.size(); ++j) {
      const Shard& shard = job.shards[j];
      if (shard.bytes.empty() || shard.sound[static_cast<size_t>(i - job.s0)] == 0) continue;
      blocks.push_back({j, BlockAndCrc(job, shard, i).data()});
    }
    const BodyDecoder::Outcome outcome = decoder.OpenSegment(i, blocks, out);
    if (!outcome.opened) {
      return DataLossError(
          fmt::format("{}: segment {} opens with no set of the fragments at hand", Where(*job.fetch), i));
    }
    if (outcome.reconstructed) ++core_.counters.decoded_around;
    for (const uint8_t liar : outcome.liars) core_.counters.CountCorrupt(job.shards[liar].from);
    return OkStatus();
  }

  const Context context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
  Buffer token_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<Call> calls_;
  Status last_error_;
};

}  // namespace

Status FetchSegments(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                     const std::vector<SegmentFetch>& fetches) {
  if (fetches.empty()) return OkStatus();
  return Fetcher(context, core, bucket).Run(fetches);
}

}  // namespace pbfs
