// Puts: from the first byte to the answer after the sync.
#include <utility>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/fragments/store_rules.h"

namespace pbfs::disk {

/// One put. Bytes gather to pieces of 1 MiB, which go to the record's place; the last piece waits for Commit(), so that a
/// record is whole on the disk only after its key was settled: two whole records of one key never differ.
class DiskWriter final : public VolumeWriter {
 public:
  DiskWriter(DiskVolumes& volumes, const FragmentKey& key, int64_t length, bool known)
      : volumes_(volumes), key_(key), length_(length), known_(known) {}
  ~DiskWriter() override {
    if (place_.volume != nullptr) volumes_.Abandon(place_);
  }

  Status Append(Buffer bytes) override {
    received_ += static_cast<int64_t>(bytes.size());
    PBFS_CHECK(received_ <= length_);
    if (known_) return OkStatus();
    pending_bytes_ += static_cast<int64_t>(bytes.size());
    pending_.push_back(std::move(bytes));
    return pending_bytes_ >= kPiece && received_ < length_ ? Flush({}) : OkStatus();
  }

  void Commit(const FragmentInfo& info, const FragmentShape& shape, CommitCallback done) override {
    PBFS_CHECK(received_ == length_ && info.length == length_);
    bool waits = false;
    if (const auto answer = volumes_.Reserve(key_, info.sum, !known_, done, waits)) return done(*answer);
    if (waits) return;
    Entry entry{0, 0, shape, info.sum, info.received_ms, false};
    const RecordFooter footer{info.sum, info.received_ms, shape.trailer_crc};
    const Status written = Flush(footer);
    const DiskVolumes::Place place = std::exchange(place_, DiskVolumes::Place());
    if (!written.ok()) return volumes_.Settle(key_, place, entry, written, done);
    entry.volume = place.volume->header.number;
    entry.offset = place.offset;
    volumes_.sync_->Add(place.volume->file,
                        [&volumes = volumes_, key = key_, place, entry, done = std::move(done)](const Status& status) {
                          volumes.Settle(key, place, entry, status, done);
                        });
  }

 private:
  static constexpr int64_t kPiece = 1 << 20;

  /// Writes what is pending; the record's header before the first bytes, its footer after the last.
  Status Flush(const std::optional<RecordFooter>& footer) {
    std::vector<ByteSpan> parts;
    int64_t offset = 0;
    if (place_.volume == nullptr) {
      const RecordHeader header{RecordKind::kFragment, key_, length_, 0};
      PBFS_ASSIGN_OR_RETURN(place_, volumes_.Allocate(header.Space(), DiskVolumes::Purpose::kPut));
      header_ = EncodeRecordHeader(header, place_.volume->header.secret, place_.offset);
      parts.push_back(header_);
      offset = place_.offset;
    } else {
      offset = place_.offset + kRecordHeader + written_;
    }
    for (const Buffer& bytes : pending_) parts.push_back(bytes);
    std::array<uint8_t, kRecordFooter> end;
    if (footer.has_value()) {
      end = EncodeRecordFooter(*footer, header_);
      parts.push_back(end);
    }
    PBFS_RETURN_IF_ERROR(volumes_.WriteAt(place_, offset, parts));
    written_ += std::exchange(pending_bytes_, 0);
    pending_.clear();
    return OkStatus();
  }

  DiskVolumes& volumes_;
  const FragmentKey key_;
  const int64_t length_;
  const bool known_;          // the fragment is here already: its bytes are only counted
  DiskVolumes::Place place_;  // no volume before the first piece goes out
  std::array<uint8_t, kRecordHeader> header_{};
  std::vector<Buffer> pending_;
  int64_t pending_bytes_ = 0;
  int64_t received_ = 0;
  int64_t written_ = 0;  // of the fragment
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
