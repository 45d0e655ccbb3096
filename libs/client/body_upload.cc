#include "libs/client/body_upload.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "libs/base/pacer.h"
#include "libs/base/signal.h"
#include "libs/format/body_encoder.h"
#include "libs/model/scheme.h"

namespace pbfs {
namespace {

constexpr int kMaxAttempts = 4;
constexpr int64_t kChunk = 1 << 20;  // of one fragment, handed to a store at a time

/// The puts of one encoding: n streams, driven by one thread. A stream that fails is dropped.
class FragmentPuts {
 public:
  FragmentPuts(const Context& context, ClientCore& core, const EncodingStores& stores, const EncodingFacts& facts,
               int64_t fragment_size, const Buffer& token)
      : core_(core),
        context_(context),
        receipt_patience_(core.options.store_timeout + std::chrono::milliseconds(fragment_size / 1000)),
        stores_(stores.stores),
        receipts_(stores_.size()),
        writers_(stores_.size()) {
    for (uint8_t j = 0; j < writers_.size(); ++j) {
      auto store = core.to.stores.Find(stores_[j]);
      if (!store.ok()) {
        Fail(j, store.status());
        continue;
      }
      held_.push_back(*store);
      PutRequest request{{facts.encoding, j}, fragment_size, token};
      writers_[j] = (*store)->StartPut(context_, std::move(request), [signal = signal_] { signal->Notify(); });
    }
  }

  void Append(uint8_t shard, Buffer bytes) {
    if (writers_[shard] == nullptr) return;
    core_.counters.fragment_bytes_sent += static_cast<int64_t>(bytes.size());
    // A store that takes nothing for so long hangs and is given up; one that is slow, because all are busy, is not.
    const Context patience = context_.Within(core_.options.store_timeout);
    if (Status status = writers_[shard]->Append(patience, std::move(bytes)); !status.ok()) Fail(shard, status);
  }
  int alive() const {
    return static_cast<int>(
        std::count_if(writers_.begin(), writers_.end(), [](const auto& w) { return w != nullptr; }));
  }

  /// Collects receipts: all, or at least `required` and those that come within the stragglers' patience.
  int AwaitReceipts(int required) {
    const MonotonicTime began = MonotonicNow(), deadline = context_.Within(receipt_patience_).deadline();
    MonotonicTime stragglers = MonotonicTime::max();
    for (;;) {
      const uint64_t seen = signal_->count();
      const int open = CollectReady();
      if (open == 0) break;
      if (received_ >= required && stragglers == MonotonicTime::max()) {
        const MonotonicTime now = MonotonicNow();
        stragglers = now + std::max<Duration>(core_.options.last_receipts, 2 * (now - began));
      }
      if (MonotonicNow() >= std::min(stragglers, deadline) || context_.cancelled()) break;
      signal_->Await(seen, std::min({stragglers, deadline, MonotonicNow() + std::chrono::seconds(1)}));
    }
    for (uint8_t j = 0; j < writers_.size(); ++j) {
      if (writers_[j] != nullptr && !receipts_[j].has_value()) Fail(j, DeadlineExceededError("no receipt in time"));
    }
    return received_;
  }
  std::vector<ReceiptBytes> receipts() const {
    std::vector<ReceiptBytes> out;
    for (const auto& receipt : receipts_) {
      if (receipt.has_value()) out.push_back(*receipt);
    }
    return out;
  }
  const Status& last_error() const { return last_error_; }

 private:
  int CollectReady() {
    int open = 0;
    for (uint8_t j = 0; j < writers_.size(); ++j) {
      if (writers_[j] == nullptr || receipts_[j].has_value()) continue;
      if (!writers_[j]->Ready()) {
        ++open;
        continue;
      }
      Result<ReceiptBytes> receipt = writers_[j]->Finish(context_);
      if (!receipt.ok()) {
        Fail(j, receipt.status());
        continue;
      }
      receipts_[j] = *receipt;
      ++received_;
      core_.cluster.MarkGood(stores_[j]);
    }
    return open;
  }
  void Fail(uint8_t shard, const Status& status) {
    writers_[shard] = nullptr;
    last_error_ = status.Annotate(fmt::format("store {}", stores_[shard].value));
    if (status.code() == StatusCode::kUnauthenticated) return;  // the token is bad, not the store
    // A store that is merely slower than the others keeps its good name: only errors count.
    if (received_ < static_cast<int>(stores_.size()) - 1 || !IsRetryable(status))
      core_.cluster.MarkBad(stores_[shard], status);
  }

  ClientCore& core_;
  const Context context_;
  const Duration receipt_patience_;
  const std::vector<StoreId> stores_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::vector<std::shared_ptr<FragmentStore>> held_;  // outlive the writers
  std::vector<std::optional<ReceiptBytes>> receipts_;
  std::vector<std::unique_ptr<FragmentWriter>> writers_;
  int received_ = 0;
  Status last_error_;
};

// Encodes and sends the body, some stripes of all fragments at a time.
void SendFragments(const Context& context, BodyEncoder& encoder, const NewBody& body, int required,
                   FragmentPuts& puts) {
  const ByteSpan plaintext = body.plaintext;
  Pacer pacer(body.bytes_per_second);
  const Geometry& geometry = encoder.geometry();
  const int64_t segments = geometry.Segments();
  const int64_t batch = std::max<int64_t>(1, kChunk / (geometry.FullBlock() + Geometry::kCrc));
  const Bytes trailer = encoder.Trailer();
  for (int64_t first = 0; first < segments && puts.alive() >= required; first += batch) {
    const int64_t count = std::min(batch, segments - first);
    const bool last = first + count == segments;
    const size_t head = first == 0 ? static_cast<size_t>(Geometry::kFragmentHeader) : 0;
    const size_t stripes = encoder.StripesSize(first, count);
    std::vector<MutableBuffer> pieces;
    std::vector<uint8_t*> out;
    for (uint8_t j = 0; j < geometry.n; ++j) {
      pieces.emplace_back(head + stripes + (last ? trailer.size() : 0));
      out.push_back(pieces.back().data() + head);
    }
    const size_t begin = static_cast<size_t>(first << geometry.seg_log2);
    const size_t end = std::min(plaintext.size(), static_cast<size_t>((first + count) << geometry.seg_log2));
    encoder.EncodeStripes(first, count, plaintext.subspan(begin, end - begin), out.data());
    for (uint8_t j = 0; j < geometry.n; ++j) {
      if (head > 0) std::memcpy(pieces[j].data(), encoder.Head(j).data(), head);
      if (last) std::memcpy(out[j] + stripes, trailer.data(), trailer.size());
      puts.Append(j, std::move(pieces[j]).Freeze());
    }
    if (!last) pacer.EndPiece(context, static_cast<int64_t>(end - begin));
  }
}

UploadedBody InlineBody(ClientCore& core, const NewBody& body) {
  UploadedBody done;
  done.record.header = body.header.Encode();
  Bytes sealed = SealInline(body.dek, body.header, body.plaintext);
  if (body.header.integrity == BodyIntegrity::kSha256) {
    done.record.ct_root = CiphertextRoot(done.record.header, 1, SegmentLeaf(0, sealed));
  }
  done.upload.inline_ct = Buffer::FromBytes(std::move(sealed));
  done.upload.id = body.id;
  ++core.counters.inline_bodies;
  return done;
}

Result<UploadedBody> TryEncoding(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                 const NewBody& body, Scheme scheme) {
  const int required = bucket.RequiredReceipts(scheme.k, scheme.n);
  const int m = scheme.n - scheme.k;
  PBFS_ASSIGN_OR_RETURN(const uint16_t group, core.cluster.ChooseGroup(context, scheme.n, m, required));
  PBFS_ASSIGN_OR_RETURN(const EncodingStores stores, core.cluster.StoresOf(context, group, scheme.n, m));
  PBFS_ASSIGN_OR_RETURN(const auto map, core.cluster.Map(context));
  PBFS_ASSIGN_OR_RETURN(const Buffer token, core.cluster.Token(context, bucket.id()));
  const EncodingFacts facts{NewEncodingId(core.clock.NowMillis(), group, core.to.random), map->site, scheme.k,
                            scheme.n};
  BodyEncoder encoder(body.dek, body.header, facts);
  if (encoder.geometry().leaves) encoder.AddLeaves(0, body.plaintext);
  FragmentPuts puts(context, core, stores, facts, encoder.geometry().FragmentSize(), token);
  SendFragments(context, encoder, body, required, puts);
  if (puts.alive() < required || puts.AwaitReceipts(required) < required) {
    const StatusCode why = puts.last_error().code();
    const bool tells = why == StatusCode::kResourceExhausted || why == StatusCode::kFailedPrecondition;
    return Status(tells ? why : StatusCode::kUnavailable,
                  fmt::format("too few stores took the data ({} of {} needed): {}", puts.alive(), required,
                              puts.last_error().ToString()));
  }
  UploadedBody done;
  done.record = {body.header.Encode(), encoder.ct_root()};
  done.upload.id = body.id;
  done.upload.encoding = Encoding{facts.encoding, static_cast<uint8_t>(scheme.k == 1 ? 1 : 2), scheme.k, scheme.n};
  done.upload.receipts = puts.receipts();
  core.counters.fragments_missing += scheme.n - static_cast<int64_t>(done.upload.receipts.size());
  return done;
}

}  // namespace

NewBody MakeNewBody(ClientCore& core, const OpenedBucket& bucket, ByteSpan plaintext) {
  PBFS_CHECK(!plaintext.empty() && static_cast<int64_t>(plaintext.size()) <= kMaxBodySize);
  NewBody body;
  body.id = BodyId::New(core.clock.NowMillis(), core.to.random);
  Key32 random;
  core.to.random.Fill(random.mutable_span());
  const DekHedge hedge{core.wid, core.clock.Seen(), ++core.dek_counter, static_cast<uint32_t>(getpid())};
  body.dek = MakeDek(random, body.id, hedge);
  const auto integrity = static_cast<BodyIntegrity>(bucket.info.settings.integrity);
  body.header = MakeBodyHeader(body.dek, body.id, static_cast<int64_t>(plaintext.size()), integrity);
  body.plaintext = plaintext;
  return body;
}

Result<UploadedBody> UploadBody(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                const NewBody& body) {
  Result<UploadedBody> done = UnavailableError("not tried");
  if (body.header.length <= kMaxInlineBody) {
    done = InlineBody(core, body);
  } else {
    const Scheme scheme = SchemeFor(bucket.k, bucket.m, body.header.length);
    Status first;  // that later attempts find no usable stores is its consequence
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      PBFS_RETURN_IF_ERROR(context.Check());
      done = TryEncoding(context, core, bucket, body, scheme);
      if (done.ok()) break;
      if (first.ok()) first = done.status();
      core.cluster.Invalidate();
      core.cluster.ForgetToken(bucket.id());
      ++core.counters.groups_given_up;
    }
    if (!done.ok()) return first;
  }
  const auto keyring = bucket.keyring();
  done->upload.key_epoch = keyring->newest().epoch;
  done->upload.wrapped_dek = WrapDek(keyring->newest(), body.id, body.dek, core.to.random);
  ++core.counters.bodies_written;
  core.counters.plaintext_written += body.header.length;
  return done;
}

}  // namespace pbfs
