// Puts: from the first byte to the answer after the sync.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/fragments/store_rules.h"

namespace pbfs::disk {

/// Memory for a stretch of a record on its way to the disk.
class Stage {
 public:
  explicit Stage(size_t size)
      : memory_(static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, size))), size_(size) {
    PBFS_CHECK(memory_ != nullptr, "out of memory");
  }
  /// Takes as much of `bytes` as there is room for, and returns how much that is.
  size_t Add(ByteSpan bytes) {
    const size_t count = std::min(bytes.size(), size_ - used_);
    std::memcpy(memory_.get() + used_, bytes.data(),
                count);  // aligned for the disk; the message's memory is free again
    used_ += count;
    return count;
  }
  void PadTo(size_t multiple) {
    const size_t padded = (used_ + multiple - 1) / multiple * multiple;
    std::memset(memory_.get() + used_, 0, padded - used_);
    used_ = padded;
  }
  MutableByteSpan used() { return {memory_.get(), used_}; }
  bool full() const { return used_ == size_; }
  void Clear() { used_ = 0; }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  const size_t size_;
  size_t used_ = 0;
};

/// One put. Its record, header and footer included, passes through a stage of at most 512 KiB. The last stretch waits for
/// Commit(), so that a record is whole on the disk only after its key was settled: two whole records of one key never differ.
class DiskWriter final : public VolumeWriter {
 public:
  DiskWriter(DiskVolumes& volumes, const FragmentKey& key, int64_t length, bool known)
      : volumes_(volumes), header_{RecordKind::kFragment, key, length, 0}, known_(known) {}
  ~DiskWriter() override {
    if (place_.volume != nullptr) volumes_.Abandon(place_);
  }

  Status Append(Buffer bytes) override {
    received_ += static_cast<int64_t>(bytes.size());
    PBFS_CHECK(received_ <= header_.length);
    return known_ ? OkStatus() : Put(bytes);
  }

  void Commit(const FragmentInfo& info, const FragmentShape& shape, CommitCallback done) override {
    PBFS_CHECK(received_ == header_.length && info.length == header_.length);
    bool waits = false;
    if (const auto answer = volumes_.Reserve(header_.key, info.sum, !known_, done, waits)) return done(*answer);
    if (waits) return;
    Entry entry{0, 0, shape, info.sum, info.received_ms, false};
    const Status written = End({info.sum, info.received_ms, shape.trailer_crc});
    const DiskVolumes::Place place = std::exchange(place_, DiskVolumes::Place());
    if (!written.ok()) return volumes_.Settle(header_.key, place, entry, written, done);
    entry.volume = place.volume->header.number;
    entry.offset = place.offset;
    volumes_.sync_->Add(place.volume->file,
                        [&volumes = volumes_, key = header_.key, place, entry, done = std::move(done)](
                            const Status& status) { volumes.Settle(key, place, entry, status, done); });
  }

 private:
  static constexpr int64_t kStage = 512 << 10;

  /// Stages bytes; a full stage is written when more come.
  Status Put(ByteSpan bytes) {
    if (stage_ == nullptr) {
      stage_ = std::make_unique<Stage>(static_cast<size_t>(std::min(header_.Space(), kStage)));
      stage_->Add(std::array<uint8_t, kRecordHeader>{});  // filled in when the record has a place
    }
    while (!bytes.empty()) {
      if (stage_->full()) PBFS_RETURN_IF_ERROR(Flush());
      bytes = bytes.subspan(stage_->Add(bytes));
    }
    return OkStatus();
  }
  Status End(const RecordFooter& footer) {
    PBFS_RETURN_IF_ERROR(TakePlace());
    PBFS_RETURN_IF_ERROR(Put(EncodeRecordFooter(footer, header_bytes_)));
    stage_->PadTo(kAlign);
    return Flush();
  }
  Status TakePlace() {
    if (place_.volume != nullptr) return OkStatus();
    PBFS_ASSIGN_OR_RETURN(place_, volumes_.Allocate(header_.Space(), DiskVolumes::Purpose::kPut));
    header_bytes_ = EncodeRecordHeader(header_, place_.volume->header.secret, place_.offset);
    std::copy(header_bytes_.begin(), header_bytes_.end(), stage_->used().begin());
    return OkStatus();
  }
  Status Flush() {
    PBFS_RETURN_IF_ERROR(TakePlace());
    PBFS_RETURN_IF_ERROR(volumes_.WriteStage(place_, place_.offset + written_, stage_->used()));
    written_ += static_cast<int64_t>(stage_->used().size());
    stage_->Clear();
    return OkStatus();
  }

  DiskVolumes& volumes_;
  const RecordHeader header_;
  const bool known_;              // the fragment is here already: its bytes are only counted
  DiskVolumes::Place place_;      // no volume before the first stage goes out
  std::unique_ptr<Stage> stage_;  // none before the first byte
  std::array<uint8_t, kRecordHeader> header_bytes_{};
  int64_t received_ = 0;  // of the fragment
  int64_t written_ = 0;   // of the record
};

Result<std::unique_ptr<VolumeWriter>> DiskVolumes::StartWrite(const FragmentKey& key, int64_t length) {
  PBFS_CHECK(length > 0 && length <= kMaxFragmentSize);
  MutexLock lock(mutex_);
  if (tombstones_.contains(key) || deleting_.contains(key)) return DeletedError(key);
  const auto found = index_.find(key);
  const bool known = found != index_.end() && !found->second.corrupt;
  const int64_t space = RecordHeader{RecordKind::kFragment, key, length, 0}.Space();
  if (!known && used_ + space > options_.capacity - options_.reserve) return StoreFullError();
  return std::unique_ptr<VolumeWriter>(std::make_unique<DiskWriter>(*this, key, length, known));
}

std::optional<Result<FragmentInfo>> DiskVolumes::Reserve(const FragmentKey& key, uint32_t sum, bool has_bytes,
                                                         CommitCallback& done, bool& waits) {
  MutexLock lock(mutex_);
  if (tombstones_.contains(key) || deleting_.contains(key)) return Result<FragmentInfo>(DeletedError(key));
  const auto found = index_.find(key);
  if (found != index_.end()) {
    const FragmentInfo existing = found->second.Info(key);
    if (Status status = CheckWriteOnce(existing, sum); !status.ok()) return Result<FragmentInfo>(std::move(status));
    if (!found->second.corrupt) return Result<FragmentInfo>(existing);
  }
  if (!has_bytes) return Result<FragmentInfo>(UnavailableError("the fragment went bad while it was put again; repeat"));
  const auto doubtful = doubtful_.find(key);
  if (doubtful != doubtful_.end() && doubtful->second != sum) {
    return Result<FragmentInfo>(UnavailableError("another content of this fragment may be on a failed volume"));
  }
  const auto [committing, first] = committing_.try_emplace(key);
  if (!first && committing->second.sum != sum) {
    return Result<FragmentInfo>(UnavailableError("another put of this fragment is being stored; repeat"));
  }
  if (first) committing->second.sum = sum;
  waits = !first;
  if (waits) committing->second.waiters.push_back(std::move(done));
  return {};
}

void DiskVolumes::Settle(const FragmentKey& key, const Place& place, const Entry& entry, const Status& status,
                         const CommitCallback& done) {
  std::vector<CommitCallback> waiters;
  {
    MutexLock lock(mutex_);
    waiters = std::move(committing_.extract(key).mapped().waiters);
    if (place.volume != nullptr) place.volume->open.erase(place.offset);
    if (status.ok()) {
      Forget(key);  // a bad one that this replaces
      index_[key] = entry;
      place.volume->live += entry.Space();
      live_bytes_ += entry.shape.length;
      since_checkpoint_ += entry.Space();
      doubtful_.erase(key);
    } else if (place.volume != nullptr) {
      doubtful_[key] = entry.sum;
    }
  }
  settled_.NotifyAll();
  const Result<FragmentInfo> result =
      status.ok() ? Result<FragmentInfo>(entry.Info(key)) : Result<FragmentInfo>(status);
  done(result);
  for (const CommitCallback& waiter : waiters) waiter(result);
}

}  // namespace pbfs::disk
