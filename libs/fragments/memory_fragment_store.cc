#include "libs/fragments/memory_fragment_store.h"

#include <cstring>
#include <optional>
#include <utility>

#include "libs/base/mutants.h"

namespace pbfs {

/// A put into the twin: pieces are checked as they come and installed with the last byte.
class MemoryFragmentWriter final : public FragmentWriter {
 public:
  MemoryFragmentWriter(MemoryFragmentStore& store, PutRequest request, ReadyCallback on_ready)
      : store_(store),
        key_(request.key),
        check_(request.key, request.length),
        length_(request.length),
        on_ready_(std::move(on_ready)) {
    Status admitted = store_.rules_.CheckPut(request);
    if (admitted.ok()) admitted = store_.Admit(key_, length_);
    if (!admitted.ok()) Settle(std::move(admitted));
  }

  Status Append(const Context& context, Buffer bytes) override {
    PBFS_RETURN_IF_ERROR(context.Check());
    if (outcome_.has_value() && !outcome_->ok()) return outcome_->status();
    if (Status status = check_.Append(bytes); !status.ok()) return Settle(status), status;
    pieces_.push_back(std::move(bytes));
    if (!check_.Complete()) return OkStatus();
    Settle(store_.Install(key_, check_, pieces_));
    pieces_.clear();
    return outcome_->status();
  }

  Result<ReceiptBytes> Finish(const Context& context) override {
    PBFS_RETURN_IF_ERROR(context.Check());
    if (!outcome_.has_value()) Settle(InvalidArgumentError("the put ended before the announced length"));
    return *outcome_;
  }

  bool Ready() const override { return outcome_.has_value(); }

 private:
  void Settle(Result<ReceiptBytes> outcome) {
    outcome_ = std::move(outcome);
    pieces_.clear();
    if (on_ready_) std::exchange(on_ready_, nullptr)();
  }

  MemoryFragmentStore& store_;
  const FragmentKey key_;
  FragmentCheck check_;
  const int64_t length_;
  ReadyCallback on_ready_;
  std::vector<Buffer> pieces_;
  std::optional<Result<ReceiptBytes>> outcome_;
};

namespace {

/// A read whose answer was there from the start.
class DoneRead final : public PendingRead {
 public:
  explicit DoneRead(const Result<ReadReply>& reply) : status_(reply.status()) {
    if (reply.ok()) reply_ = *reply;
  }
  Result<ReadReply> Wait(const Context& context) override {
    PBFS_RETURN_IF_ERROR(context.Check());
    PBFS_RETURN_IF_ERROR(status_);
    return reply_;
  }
  bool Ready() const override { return true; }

 private:
  const Status status_;
  ReadReply reply_;
};

/// One run of memory out of the pieces of a put: reads answer with slices of it.
Buffer Join(const std::vector<Buffer>& pieces, int64_t length) {
  if (pieces.size() == 1) return pieces.front();
  MutableBuffer whole(static_cast<size_t>(length));
  size_t at = 0;
  for (const Buffer& piece : pieces) {
    if (!piece.empty()) std::memcpy(whole.data() + at, piece.data(), piece.size());
    at += piece.size();
  }
  return std::move(whole).Freeze();
}

}  // namespace

MemoryFragmentStore::MemoryFragmentStore(const StoreIdentity& identity, const Clock& clock, int64_t capacity)
    : rules_(identity, clock), capacity_(capacity) {}

std::unique_ptr<FragmentWriter> MemoryFragmentStore::StartPut(const Context&, PutRequest request,
                                                              ReadyCallback on_ready) {
  return std::make_unique<MemoryFragmentWriter>(*this, std::move(request), std::move(on_ready));
}

Status MemoryFragmentStore::Admit(const FragmentKey& key, int64_t length) {
  MutexLock lock(mutex_);
  if (deleted_.contains(key)) return DeletedError(key);
  if (!fragments_.contains(key) && live_bytes_ + length > capacity_) return StoreFullError();
  return OkStatus();
}

Result<ReceiptBytes> MemoryFragmentStore::Install(const FragmentKey& key, const FragmentCheck& check,
                                                  const std::vector<Buffer>& pieces) {
  const FragmentInfo info{key, check.position(), check.sum(), rules_.NowMillis()};
  Buffer bytes = Join(pieces, info.length);
  MutexLock lock(mutex_);
  if (deleted_.contains(key)) return DeletedError(key);
  const auto found = fragments_.find(key);
  if (found != fragments_.end()) {
    PBFS_RETURN_IF_ERROR(CheckWriteOnce(found->second.info, info.sum));
    if (found->second.damaged && !IsMutant(Mutant::kRotStays)) found->second = {info, check.shape(), std::move(bytes)};
    return rules_.MakeReceipt(found->second.info);
  }
  if (live_bytes_ + info.length > capacity_) return StoreFullError();
  live_bytes_ += info.length;
  fragments_.emplace(key, Stored{info, check.shape(), std::move(bytes)});
  return rules_.MakeReceipt(info);
}

std::unique_ptr<PendingRead> MemoryFragmentStore::StartRead(const Context& context, ReadRequest request,
                                                            ReadyCallback on_ready) {
  auto read = std::make_unique<DoneRead>(Answer(context, request));
  if (on_ready) on_ready();
  return read;
}

Result<ReadReply> MemoryFragmentStore::Answer(const Context& context, const ReadRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_.CheckRead(request));
  ReadReply reply;
  for (const FragmentRange& range : request.ranges) reply.parts.push_back(ReadOne(range));
  return reply;
}

ReadPart MemoryFragmentStore::ReadOne(const FragmentRange& range) {
  MutexLock lock(mutex_);
  const auto found = fragments_.find(range.key);
  if (found == fragments_.end()) return {NotFoundError("no fragment " + ToString(range.key)), {}};
  Stored& stored = found->second;
  if (Status status = CheckRangeBorders(stored.shape, range.begin, range.end); !status.ok()) return {status, {}};
  Buffer bytes = stored.bytes.Slice(range.begin, range.end - range.begin);
  Status sound = CheckFragmentRange(range.key, stored.shape, range.begin, bytes);
  if (sound.ok()) return {OkStatus(), std::move(bytes)};
  corrupt_ += stored.damaged ? 0 : 1;
  stored.damaged = !IsMutant(Mutant::kRotNotReported);
  return {std::move(sound), {}};
}

Status MemoryFragmentStore::Delete(const Context& context, const std::vector<FragmentKey>& keys,
                                   const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_.CheckDelete(token));
  MutexLock lock(mutex_);
  for (const FragmentKey& key : keys) {
    const auto found = fragments_.find(key);
    if (found == fragments_.end()) continue;
    live_bytes_ -= found->second.info.length;
    fragments_.erase(found);
    deleted_.insert(key);
  }
  return OkStatus();
}

Status MemoryFragmentStore::Drop(const Context& context, const std::vector<FragmentInfo>& copies,
                                 const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_.CheckDrop(token));
  MutexLock lock(mutex_);
  for (const FragmentInfo& copy : copies) {
    const auto found = fragments_.find(copy.key);
    if (found == fragments_.end() || found->second.info.received_ms != copy.received_ms) continue;
    live_bytes_ -= found->second.info.length;
    fragments_.erase(found);
  }
  return OkStatus();
}

Result<ListFragmentsReply> MemoryFragmentStore::List(const Context& context, const ListFragmentsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_.CheckList(request));
  ListFragmentsReply reply;
  MutexLock lock(mutex_);
  for (auto at = fragments_.upper_bound(request.after); at != fragments_.end(); ++at) {
    if (request.born_before_ms > 0 && at->first.encoding.Millis() >= request.born_before_ms)
      break;  // keys ascend by birth
    if (request.only_corrupt && !at->second.damaged) continue;
    if (reply.fragments.size() == static_cast<size_t>(request.limit)) {
      reply.more = true;
      break;
    }
    reply.fragments.push_back(at->second.info);
  }
  return reply;
}

Result<StoreStat> MemoryFragmentStore::Stat(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  StoreStat stat;
  stat.store = rules_.identity().store;
  stat.capacity = capacity_;
  stat.used = live_bytes_;
  stat.live = live_bytes_;
  stat.fragments = static_cast<int64_t>(fragments_.size());
  stat.corrupt = corrupt_;
  return stat;
}

bool MemoryFragmentStore::Damage(const FragmentKey& key, int64_t offset, uint8_t flip) {
  MutexLock lock(mutex_);
  const auto found = fragments_.find(key);
  if (found == fragments_.end() || offset < 0 || offset >= found->second.info.length) return false;
  Bytes bytes = ToBytes(found->second.bytes);  // a copy: readers may hold the sound one
  bytes[offset] ^= flip;
  found->second.bytes = Buffer::FromBytes(std::move(bytes));
  return true;
}

bool MemoryFragmentStore::Lose(const FragmentKey& key) {
  MutexLock lock(mutex_);
  const auto found = fragments_.find(key);
  if (found == fragments_.end()) return false;
  live_bytes_ -= found->second.info.length;
  fragments_.erase(found);
  return true;
}

}  // namespace pbfs
