#include "libs/client/segment_fetch.h"

#include <algorithm>
#include <atomic>
#include <map>

#include <fmt/format.h>

#include "libs/client/signal.h"
#include "libs/format/body_decoder.h"
#include "libs/format/fragment.h"

namespace pbfs {
namespace {

/// What has come of one shard of one fetch.
struct Shard {
  Buffer bytes;             // [StripeBegin(s0), StripeEnd(s1))
  std::vector<char> sound;  // by stripe: the block's CRC fits
  bool asked = false;
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

  int64_t RangeBegin() const { return geometry.StripeBegin(s0); }
  int64_t RangeEnd() const { return geometry.StripeEnd(s1); }
  bool Complete() const {
    return std::all_of(sound_blocks.begin(), sound_blocks.end(), [&](int n) { return n >= geometry.k; });
  }
};

/// One range asked of one store.
struct Ask {
  Job* job = nullptr;
  uint8_t shard = 0;
};
struct Call {
  StoreId store;
  std::shared_ptr<FragmentStore> held;
  std::vector<Ask> asks;
  std::unique_ptr<PendingRead> read;
};

class Fetcher {
 public:
  Fetcher(const Context& context, ClientCore& core, const OpenedBucket& bucket)
      : context_(context), core_(core), bucket_(bucket) {}

  Status Run(const std::vector<SegmentFetch>& fetches) {
    PBFS_ASSIGN_OR_RETURN(token_, core_.cluster.Token(context_, bucket_.id()));
    for (const SegmentFetch& fetch : fetches) PBFS_RETURN_IF_ERROR(AddJob(fetch));
    for (int round = 0; round < kRounds && !AllComplete(); ++round) {
      PBFS_RETURN_IF_ERROR(context_.Check());
      AskRound(round);
      AwaitRound(round);
    }
    return Open();
  }

 private:
  // The k best shards; then the other shards where they belong; then all that lack, anywhere in the group.
  static constexpr int kRounds = 3;
  // A spare shard is asked for when a call takes longer: well above the p95 of a healthy store.
  static constexpr Duration kHedgeAfter = std::chrono::milliseconds(100);

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

  void AskRound(int round) {
    std::map<StoreId, std::vector<Ask>> asks;
    for (const auto& job : jobs_) {
      if (job->Complete()) continue;
      if (round == 0) AskBest(*job, asks);
      if (round == 1) AskRest(*job, asks);
      if (round == 2) AskEverywhere(*job, asks);
    }
    for (auto& [store, wanted] : asks) Start(store, wanted);
  }
  // k shards: data shards before parity, shards of stores in good standing before others.
  void AskBest(Job& job, std::map<StoreId, std::vector<Ask>>& asks) {
    std::vector<uint8_t> order(job.shards.size());
    for (uint8_t j = 0; j < order.size(); ++j) order[j] = j;
    const auto doubtful = [&](uint8_t j) {
      const bool missing = (job.fetch->body->row.missing >> j & 1) != 0;
      return missing || j >= job.stores.stores.size() || core_.cluster.IsBad(job.stores.stores[j]);
    };
    std::stable_partition(order.begin(), order.end(), [&](uint8_t j) { return !doubtful(j); });
    int asked = 0;
    for (const uint8_t j : order) {
      if (asked == job.geometry.k) break;
      if (j >= job.stores.stores.size()) continue;
      AskOne(job, j, job.stores.stores[j], asks);
      ++asked;
    }
  }
  void AskRest(Job& job, std::map<StoreId, std::vector<Ask>>& asks) {
    for (uint8_t j = 0; j < job.shards.size() && j < job.stores.stores.size(); ++j) {
      if (!job.shards[j].asked) AskOne(job, j, job.stores.stores[j], asks);
    }
  }
  // A shard may be elsewhere in the group: it was put when the group was another.
  void AskEverywhere(Job& job, std::map<StoreId, std::vector<Ask>>& asks) {
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
  void AskOne(Job& job, uint8_t shard, StoreId store, std::map<StoreId, std::vector<Ask>>& asks) {
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
      Call call{store, *found, {}, nullptr};
      ReadRequest request;
      request.token = token_;
      int64_t bytes = 0;
      for (; at < asks.size() && request.ranges.size() < 1024; ++at) {
        const Job& job = *asks[at].job;
        const int64_t size = job.RangeEnd() - job.RangeBegin();
        if (!request.ranges.empty() && bytes + size > kMaxReadBytes) break;
        bytes += size;
        request.ranges.push_back({{job.encoding, asks[at].shard}, job.RangeBegin(), job.RangeEnd()});
        call.asks.push_back(asks[at]);
      }
      ++core_.counters.read_calls;
      call.read = (*found)->StartRead(context_.Within(core_.options.store_timeout), std::move(request),
                                      [signal = signal_] { signal->Notify(); });
      calls_.push_back(std::move(call));
    }
  }

  // Until everything is complete, or no call is left, or it is time to hedge.
  void AwaitRound(int round) {
    const bool may_hedge = round + 1 < kRounds;
    const MonotonicTime hedge = may_hedge ? MonotonicNow() + kHedgeAfter : MonotonicTime::max();
    for (;;) {
      const uint64_t seen = signal_->count();
      TakeReady();
      if (AllComplete() || calls_.empty() || context_.cancelled()) return;
      const MonotonicTime until = std::min(hedge, context_.Within(core_.options.store_timeout).deadline());
      if (MonotonicNow() >= hedge) {
        ++core_.counters.hedges;
        return;
      }
      signal_->Await(seen, until);
      if (!may_hedge && !context_.Check().ok()) return;
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
    for (const auto& job : jobs_) PBFS_RETURN_IF_ERROR(CheckEnough(*job));
    std::vector<Status> outcomes(jobs_.size());
    ParallelFor(core_.executor, jobs_.size(), [&](size_t i) { outcomes[i] = OpenJob(*jobs_[i]); });
    for (size_t i = 0; i < jobs_.size(); ++i) {
      if (outcomes[i].code() == StatusCode::kDataLoss) outcomes[i] = OpenWithAllShards(*jobs_[i]);
      PBFS_RETURN_IF_ERROR(outcomes[i]);
    }
    return OkStatus();
  }
  Status CheckEnough(const Job& job) const {
    if (job.Complete()) return OkStatus();
    const auto count = [&](auto matches) { return std::count_if(job.shards.begin(), job.shards.end(), matches); };
    const auto corrupt = count([](const Shard& shard) { return shard.corrupt; });
    const auto lost = count([](const Shard& shard) { return shard.Lost(); });
    const std::string what = fmt::format(
        "bytes [{}, {}) of body {}: fewer than {} of {} fragments are sound ({} corrupt, {} missing): {}",
        job.fetch->at, job.fetch->at + job.fetch->end - job.fetch->begin, job.fetch->body->header.id.ToString(),
        job.geometry.k, job.geometry.n, corrupt, lost - corrupt, last_error_.ToString());
    return lost > job.geometry.n - job.geometry.k ? DataLossError(what) : UnavailableError(what);
  }
  // A store lied under a good CRC: with all shards that can be had, the liar shows.
  Status OpenWithAllShards(Job& job) {
    std::map<StoreId, std::vector<Ask>> asks;
    AskRest(job, asks);
    for (auto& [store, wanted] : asks) Start(store, wanted);
    while (!calls_.empty() && context_.Check().ok()) {
      const uint64_t seen = signal_->count();
      TakeReady();
      if (!calls_.empty()) signal_->Await(seen, context_.Within(core_.options.store_timeout).deadline());
    }
    return OpenJob(job);
  }
  Status OpenJob(const Job& job) {
    BodyDecoder decoder(job.fetch->body->dek, job.fetch->body->header, job.geometry.k, job.geometry.n);
    Bytes scratch;
    for (int64_t i = job.s0; i <= job.s1; ++i) {
      const int64_t at = i << job.geometry.seg_log2;
      const int64_t size = job.geometry.SegmentPlaintext(i);
      const int64_t from = std::max(at, job.fetch->begin), to = std::min(at + size, job.fetch->end);
      uint8_t* const out = job.fetch->out + (from - job.fetch->begin);
      if (from == at && to == at + size) {
        PBFS_RETURN_IF_ERROR(OpenSegment(job, decoder, i, out));
        continue;
      }
      scratch.resize(static_cast<size_t>(job.geometry.Segment()));
      PBFS_RETURN_IF_ERROR(OpenSegment(job, decoder, i, scratch.data()));
      std::memcpy(out, scratch.data() + (from - at), static_cast<size_t>(to - from));
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
          fmt::format("bytes [{}, {}) of body {}: segment {} opens with no set of the fragments at hand", job.fetch->at,
                      job.fetch->at + job.fetch->end - job.fetch->begin, job.fetch->body->header.id.ToString(), i));
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
