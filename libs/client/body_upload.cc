#include "libs/client/body_upload.h"

#include <fmt/format.h>
#include <unistd.h>

#include "libs/client/ready_signal.h"
#include "libs/client/task_group.h"
#include "libs/format/body_encoder.h"

namespace pbfs {
namespace {

constexpr int64_t kChunk = 512 << 10;  // bytes per fragment that are encoded and sent at a time
constexpr int kMaxGroups = 8;          // placement groups that are tried for one body

/// Which encoding a body of this length gets (format, section 5): replicated while k + m would be mostly padding.
EncodingFacts FactsFor(const Scheme& scheme, SiteId site, int64_t length) {
  const bool replicated = length < scheme.k * int64_t{4096};
  EncodingFacts facts;
  facts.site = site;
  facts.k = replicated ? 1 : scheme.k;
  facts.n = static_cast<uint8_t>(facts.k + scheme.m);
  return facts;
}

/// I17: receipts that the catalog will ask for.
int NeededReceipts(const BucketState& bucket, const Scheme& scheme, const EncodingFacts& facts) {
  const bool of_bucket = facts.k == scheme.k && facts.n == scheme.k + scheme.m;
  if (of_bucket && bucket.info.settings.w) return *bucket.info.settings.w;
  return facts.k + (facts.n - facts.k + 1) / 2;
}

/// One encoding on its way to the stores of its group. Driven by one thread.
class Upload {
 public:
  Upload(const Context& context, ClientCore& core, const ClusterMap& map, const EncodingFacts& facts, int needed)
      : context_(context), core_(core), map_(map), facts_(facts), needed_(needed), shards_(facts.n),
        signal_(std::make_shared<ReadySignal>()) {}

  /// The receipts, at least `needed`. Errors: UNAVAILABLE too few stores took it, with the reason of the last that did not.
  Result<std::vector<ReceiptBytes>> Run(NewBody& body, const TokenBytes& token) {
    BodyEncoder encoder(body.dek, body.header, facts_);
    if (encoder.geometry().leaves) encoder.AddLeaves(0, body.plaintext);
    body.ct_root = encoder.ct_root();
    Start(encoder.geometry().FragmentSize(), token);
    const int64_t stripes = encoder.geometry().Segments();
    const int64_t step = std::max<int64_t>(1, kChunk / (encoder.geometry().FullBlock() + Geometry::kCrc));
    for (int64_t first = 0; first < stripes; first += step) {
      PBFS_RETURN_IF_ERROR(Check());
      SendChunk(encoder, body.plaintext, first, std::min(step, stripes - first), first + step >= stripes);
    }
    sent_ = MonotonicNow();
    return Collect();
  }

 private:
  struct Shard {
    std::optional<StoreId> store;
    std::shared_ptr<FragmentStore> holder;  // keeps the store while the writer lives
    std::unique_ptr<FragmentWriter> writer;  // null: given up
    std::optional<ReceiptBytes> receipt;
  };

  void Start(int64_t length, const TokenBytes& token) {
    for (uint8_t j = 0; j < facts_.n; ++j) {
      Shard& shard = shards_[j];
      shard.store = StoreOf(map_, facts_.encoding, j);
      if (!shard.store || core_.cluster.IsSuspect(*shard.store)) continue;
      Result<std::shared_ptr<FragmentStore>> store = core_.world.stores.Find(*shard.store);
      if (!store.ok()) {
        GiveUp(shard, store.status());
        continue;
      }
      shard.holder = *std::move(store);
      shard.writer = shard.holder->StartPut(context_, {{facts_.encoding, j}, length, token}, NotifyOn(signal_));
    }
  }

  int Alive() const {
    return static_cast<int>(std::count_if(shards_.begin(), shards_.end(),
                                          [](const Shard& s) { return s.writer != nullptr || s.receipt; }));
  }

  Status Check() const {
    PBFS_RETURN_IF_ERROR(context_.Check());
    if (Alive() >= needed_) return OkStatus();
    return UnavailableError(fmt::format("only {} of the {} stores that a write needs take it; the last said: {}", Alive(),
                                        needed_, last_error_.ToString()));
  }

  void GiveUp(Shard& shard, const Status& status) {
    shard.writer = nullptr;
    last_error_ = status;
    // A full store, or one that fences, stays as it is for a while; all of them are best avoided.
    if (shard.store && status.code() != StatusCode::kCancelled && context_.Check().ok()) core_.cluster.Suspect(*shard.store);
  }

  /// Encodes stripes [first, first + count) and hands each shard its part, the fragment's head and trailer included.
  void SendChunk(BodyEncoder& encoder, const Buffer& plaintext, int64_t first, int64_t count, bool last) {
    const Geometry& geometry = encoder.geometry();
    const size_t head = first == 0 ? Geometry::kFragmentHeader : 0;
    const size_t stripes = encoder.StripesSize(first, count);
    const Bytes trailer = last ? encoder.Trailer() : Bytes();
    const size_t size = head + stripes + trailer.size();
    MutableBuffer chunk(size * facts_.n);
    std::array<uint8_t*, kMaxShards> out{};
    for (uint8_t j = 0; j < facts_.n; ++j) {
      uint8_t* const at = chunk.data() + j * size;
      if (head > 0) std::memcpy(at, encoder.Head(j).data(), head);
      if (last) std::memcpy(at + head + stripes, trailer.data(), trailer.size());
      out[j] = at + head;
    }
    const auto begin = static_cast<size_t>(first << geometry.seg_log2);
    const auto end = std::min(plaintext.size(), static_cast<size_t>((first + count) << geometry.seg_log2));
    encoder.EncodeStripes(first, count, plaintext.span().subspan(begin, end - begin), out.data());
    const Buffer sealed = std::move(chunk).Freeze();
    for (const bool ready : {true, false}) SendTo(sealed, size, ready);
  }

  /// First those that take it at once, so that a slow store holds up the others as little as can be.
  void SendTo(const Buffer& chunk, size_t size, bool ready) {
    for (uint8_t j = 0; j < facts_.n; ++j) {
      Shard& shard = shards_[j];
      if (shard.writer == nullptr || appended_[j] == sequence_ + 1) continue;
      if (ready && !shard.writer->Ready()) continue;
      appended_[j] = sequence_ + 1;
      core_.counters.fragment_bytes_sent += static_cast<int64_t>(size);
      const Status status = shard.writer->Append(context_.Within(core_.options.store_timeout), chunk.Slice(j * size, size));
      if (!status.ok()) GiveUp(shard, status);
    }
    if (!ready) ++sequence_;
  }

  void Harvest() {
    for (Shard& shard : shards_) {
      if (shard.writer == nullptr || shard.receipt || !shard.writer->Ready()) continue;
      Result<ReceiptBytes> receipt = shard.writer->Finish(context_.Within(core_.options.store_timeout));
      if (!receipt.ok()) {
        GiveUp(shard, receipt.status());
        continue;
      }
      shard.receipt = *receipt;
      shard.writer = nullptr;
      ++receipts_;
      if (receipts_ == needed_) enough_ = MonotonicNow();
    }
  }

  bool AllAnswered() const {
    return std::all_of(shards_.begin(), shards_.end(), [](const Shard& s) { return s.writer == nullptr; });
  }

  /// Until when to wait for further receipts.
  MonotonicTime Patience() const {
    if (receipts_ < needed_) return sent_ + core_.options.store_timeout;
    return enough_ + std::max<Duration>(core_.options.last_receipts, 2 * (enough_ - sent_));
  }

  Result<std::vector<ReceiptBytes>> Collect() {
    for (;;) {
      const uint64_t seen = signal_->Events();
      Harvest();
      if (AllAnswered() || MonotonicNow() >= Patience()) break;
      PBFS_RETURN_IF_ERROR(Check());
      signal_->WaitAfter(seen, context_, Patience());
    }
    for (Shard& shard : shards_) {
      if (shard.writer != nullptr) GiveUp(shard, DeadlineExceededError("no receipt in time"));
    }
    PBFS_RETURN_IF_ERROR(Check());
    std::vector<ReceiptBytes> receipts;
    for (const Shard& shard : shards_) {
      if (shard.receipt) receipts.push_back(*shard.receipt);
    }
    return receipts;
  }

  const Context context_;
  ClientCore& core_;
  const ClusterMap& map_;
  const EncodingFacts facts_;
  const int needed_;
  std::vector<Shard> shards_;
  std::array<uint64_t, kMaxShards> appended_{};  // number of the last chunk that was handed over
  uint64_t sequence_ = 0;
  const std::shared_ptr<ReadySignal> signal_;
  Status last_error_;
  int receipts_ = 0;
  MonotonicTime sent_, enough_;
};

BodyUpload Describe(const NewBody& body) {
  BodyUpload upload;
  upload.id = body.header.id;
  upload.key_epoch = body.key_epoch;
  upload.wrapped_dek = body.wrapped;
  return upload;
}

BodyUpload Inline(NewBody& body) {
  BodyUpload upload = Describe(body);
  Bytes sealed = SealInline(body.dek, body.header, body.plaintext);
  if (body.header.integrity == BodyIntegrity::kSha256) {
    body.ct_root = CiphertextRoot(body.header.Encode(), 1, SegmentLeaf(0, sealed));
  }
  upload.inline_ct = Buffer::FromBytes(std::move(sealed));
  return upload;
}

/// Whether another group may do better.
bool WorthAnotherGroup(const Status& status) {
  return MayPass(status) || status.code() == StatusCode::kAborted;
}

}  // namespace

Scheme SchemeOf(const BucketState& bucket, const ClusterMap& map) {
  const BucketSettings& settings = bucket.info.settings;
  return {settings.k.value_or(map.default_k), settings.m.value_or(map.default_m)};
}

int64_t UploadOverhead(const BucketState& bucket, const ClusterMap& map, int64_t length) {
  const Scheme scheme = SchemeOf(bucket, map);
  // A chunk in the making, one or two with each store's writer.
  const int64_t fragment = std::max<int64_t>(length / scheme.k, 4096) + 4096;
  return (scheme.k + scheme.m) * std::min<int64_t>(fragment, 3 * kChunk);
}

NewBody MakeBody(ClientCore& core, const BucketState& bucket, Buffer plaintext) {
  NewBody body;
  const BodyId id = BodyId::New(core.hlc.NowMillis(), core.world.random);
  Key32 random;
  core.world.random.Fill(random.mutable_span());
  body.dek = MakeDek(random, id, {core.wid, core.hlc.Seen(), core.NextCounter(), static_cast<uint32_t>(getpid())});
  const bool sha256 = bucket.info.settings.integrity == Integrity::kSha256;
  body.header = MakeBodyHeader(body.dek, id, static_cast<int64_t>(plaintext.size()),
                               sha256 ? BodyIntegrity::kSha256 : BodyIntegrity::kCrc32c);
  body.wrapped = WrapDek(bucket.newest(), id, body.dek, core.world.random);
  body.key_epoch = bucket.epoch;
  body.plaintext = std::move(plaintext);
  return body;
}

Result<BodyUpload> UploadBody(const Context& context, ClientCore& core, const BucketState& bucket, NewBody& body) {
  if (body.header.length <= kMaxInlineBody) return Inline(body);
  const Context step = core.Step(context);
  std::set<uint16_t> tried;
  Status last;
  Backoff backoff(core.world.random);
  for (int attempt = 0; attempt < kMaxGroups; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(const auto map, core.cluster.Map(step));
    PBFS_ASSIGN_OR_RETURN(const TokenBytes token, core.Token(step, bucket.info.id));
    const Scheme scheme = SchemeOf(bucket, *map);
    EncodingFacts facts = FactsFor(scheme, map->site, body.header.length);
    const int needed = NeededReceipts(bucket, scheme, facts);
    Result<uint16_t> group = core.cluster.PickGroup(step, facts.n, needed, tried);
    if (!group.ok()) {
      last = group.status();
      if (!backoff.Pause(step, last).ok()) break;
      continue;
    }
    tried.insert(*group);
    facts.encoding = NewEncodingId(core.hlc.NowMillis(), *group, core.world.random);
    Result<std::vector<ReceiptBytes>> receipts = Upload(step, core, *map, facts, needed).Run(body, token);
    if (receipts.ok()) {
      BodyUpload upload = Describe(body);
      upload.encoding = Encoding{facts.encoding, static_cast<uint8_t>(facts.k == 1 ? 1 : 2), facts.k, facts.n};
      core.counters.fragments_missing += facts.n - static_cast<int64_t>(receipts->size());
      upload.receipts = *std::move(receipts);
      return upload;
    }
    last = receipts.status();
    ++core.counters.groups_given_up;
    if (!WorthAnotherGroup(last) || !step.Check().ok()) break;
  }
  return last.Annotate("writing a body: ");
}

Result<Committed> UploadAndCommit(const Context& context, ClientCore& core, const BucketState& bucket,
                                  std::vector<NewBody>& bodies, const std::function<CommitDraft()>& make) {
  Status last;
  for (int attempt = 0; attempt < 4; ++attempt) {
    std::vector<BodyUpload> uploads(bodies.size());
    TaskGroup group(core.streams, 4);
    for (size_t i = 0; i + 1 < bodies.size(); ++i) {
      PBFS_RETURN_IF_ERROR(group.Run([&, i] {
        Result<BodyUpload> upload = UploadBody(context, core, bucket, bodies[i]);
        if (upload.ok()) uploads[i] = *std::move(upload);
        return upload.status();
      }));
    }
    if (!bodies.empty()) PBFS_ASSIGN_OR_RETURN(uploads.back(), UploadBody(context, core, bucket, bodies.back()));
    PBFS_RETURN_IF_ERROR(group.Wait());
    CommitDraft draft = make();
    draft.bodies = uploads;
    Result<Committed> committed = CommitOps(context, core, bucket, std::move(draft));
    if (committed.ok()) {
      for (const NewBody& body : bodies) {
        ++core.counters.bodies_written;
        core.counters.inline_bodies += body.header.length <= kMaxInlineBody;
        core.counters.plaintext_written += body.header.length;
      }
      return committed;
    }
    last = committed.status();
    if (!HasCode(last, CommitCode::kEncodingExpired)) return last;
  }
  return last;
}

}  // namespace pbfs
