#include "bench/do_nothing_store.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace pbfs::bench {
namespace {

constexpr int64_t kAllocateStep = int64_t{64}
                                  << 20;  // the product's: a file that grows writes its inode with every sync

constexpr size_t kStage = 512 << 10;
constexpr size_t kAlign = 4096;

/// Writes as the product does: aligned stretches past the page cache, one sync at the end.
class Writer final : public FragmentWriter {
 public:
  Writer(int file, int64_t offset, int64_t length, ReadyCallback on_ready)
      : file_(file),
        offset_(offset),
        left_(length),
        on_ready_(std::move(on_ready)),
        stage_(static_cast<uint8_t*>(std::aligned_alloc(kAlign, kStage))) {}
  ~Writer() override { std::free(stage_); }

  Status Append(const Context&, Buffer bytes) override {
    left_ -= static_cast<int64_t>(bytes.size());
    for (ByteSpan rest = bytes; !rest.empty();) {
      const size_t count = std::min(rest.size(), kStage - used_);
      std::memcpy(stage_ + used_, rest.data(), count);
      used_ += count;
      rest = rest.subspan(count);
      if (used_ == kStage || left_ == 0) PBFS_RETURN_IF_ERROR(Flush());
    }
    if (left_ == 0 && on_ready_) on_ready_();
    return OkStatus();
  }
  Result<ReceiptBytes> Finish(const Context&) override {
    if (fdatasync(file_) != 0) return UnavailableError("sync failed");
    return ReceiptBytes{};
  }
  bool Ready() const override { return left_ == 0; }

 private:
  Status Flush() {
    const size_t size = (used_ + kAlign - 1) / kAlign * kAlign;
    if (pwrite(file_, stage_, size, offset_) != static_cast<ssize_t>(size)) return UnavailableError("write failed");
    offset_ += static_cast<int64_t>(size);
    used_ = 0;
    return OkStatus();
  }

  const int file_;
  int64_t offset_, left_;
  ReadyCallback on_ready_;
  uint8_t* const stage_;
  size_t used_ = 0;
};

class Read final : public PendingRead {
 public:
  explicit Read(ReadReply reply) : reply_(std::move(reply)) {}
  Result<ReadReply> Wait(const Context&) override { return std::move(reply_); }
  bool Ready() const override { return true; }

 private:
  ReadReply reply_;
};

}  // namespace

DoNothingStore::DoNothingStore(const std::string& directory)
    : file_(open((directory + "/data").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
      direct_(open((directory + "/data").c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC)) {
  PBFS_CHECK(file_ >= 0 && direct_ >= 0, directory);
}
DoNothingStore::~DoNothingStore() {
  close(direct_);
  close(file_);
}

int64_t DoNothingStore::Place(const FragmentKey& key, int64_t length) {
  MutexLock lock(mutex_);
  const int64_t place = end_;
  end_ += (length + static_cast<int64_t>(kAlign) - 1) / static_cast<int64_t>(kAlign) * static_cast<int64_t>(kAlign);
  while (allocated_ < end_) {
    PBFS_CHECK(fallocate(file_, 0, allocated_, kAllocateStep) == 0, "no space");
    allocated_ += kAllocateStep;
  }
  places_[key] = place;
  return place;
}

int64_t DoNothingStore::PlaceOf(const FragmentKey& key) {
  MutexLock lock(mutex_);
  return places_[key];
}

std::unique_ptr<FragmentWriter> DoNothingStore::StartPut(const Context&, PutRequest request, ReadyCallback on_ready) {
  return std::make_unique<Writer>(direct_, Place(request.key, request.length), request.length, std::move(on_ready));
}

std::unique_ptr<PendingRead> DoNothingStore::StartRead(const Context&, ReadRequest request, ReadyCallback on_ready) {
  ReadReply reply;
  for (const FragmentRange& range : request.ranges) {
    MutableBuffer bytes(static_cast<size_t>(range.end - range.begin));
    const ssize_t got = pread(file_, bytes.data(), bytes.size(), PlaceOf(range.key) + range.begin);
    const bool whole = got == static_cast<ssize_t>(bytes.size());
    reply.parts.push_back({whole ? OkStatus() : OutOfRangeError("short read"), std::move(bytes).Freeze()});
  }
  if (on_ready) on_ready();
  return std::make_unique<Read>(std::move(reply));
}

Status DoNothingStore::Delete(const Context&, const std::vector<FragmentKey>&, const TokenBytes&) { return OkStatus(); }
Status DoNothingStore::Drop(const Context&, const std::vector<FragmentInfo>&, const TokenBytes&) { return OkStatus(); }
Result<ListFragmentsReply> DoNothingStore::List(const Context&, const ListFragmentsRequest&) {
  return ListFragmentsReply{};
}
Result<StoreStat> DoNothingStore::Stat(const Context&) { return StoreStat{}; }

}  // namespace pbfs::bench
