#include "libs/adapters/disk/volume_scan.h"

#include <algorithm>
#include <optional>

#include "libs/coding/crc32c.h"

namespace pbfs::disk {
namespace {

constexpr int64_t kPiece = 1 << 20;

/// One pass over a volume.
class Scanner {
 public:
  Scanner(File& file, const VolumeHeader& header, int64_t size) : file_(file), header_(header), size_(size) {}

  VolumeScan Run(int64_t from) {
    scan_.end = from;
    bool in_chain = true;
    for (int64_t at = from; at + kRecordHeader <= size_;) {
      const std::optional<RecordHeader> record = HeaderAt(at);
      if (record.has_value()) {
        if (!in_chain) ++scan_.damaged_headers;
        in_chain = true;
        Take(*record, at);
        at += record->Space();
      } else {
        in_chain = false;
        at = NextMagic(at + kAlign);
      }
    }
    return std::move(scan_);
  }

 private:
  void NoteUnreadable(int64_t at) { scan_.unreadable = std::min(scan_.unreadable.value_or(at), at); }

  /// Reads behind `record`, the begin of one. What a disk does not read today it may read tomorrow, so the record is
  /// remembered. A file that ends early stays so.
  bool ReadAt(int64_t record, int64_t behind, MutableByteSpan out) {
    const Status status = file_.ReadAt(record + behind, out);
    if (!status.ok() && status.code() != StatusCode::kOutOfRange) NoteUnreadable(record);
    return status.ok();
  }

  std::optional<RecordHeader> HeaderAt(int64_t at) {
    if (!ReadAt(at, 0, header_bytes_)) return {};
    return DecodeRecordHeader(header_bytes_, header_.secret, at);
  }

  /// The next multiple of kAlign from `at` on that begins like a record, or the end.
  int64_t NextMagic(int64_t at) {
    while (at + kRecordHeader <= size_) {
      const int64_t count = std::min(kPiece, size_ - at);
      chunk_.resize(static_cast<size_t>(count));
      if (!ReadAt(at, 0, chunk_)) {  // perhaps one bad sector: step over a block, not over the piece
        at += kAlign;
        continue;
      }
      for (int64_t step = 0; step + kRecordHeader <= count; step += kAlign) {
        if (DecodeRecordHeader(ByteSpan(chunk_).subspan(step), header_.secret, at + step)) return at + step;
      }
      at += kPiece;
    }
    return size_;
  }

  void Take(const RecordHeader& record, int64_t at) {
    const bool good = record.kind == RecordKind::kDeletes ? TakeDeletes(record, at) : TakeFragment(record, at);
    if (good) scan_.end = at + record.Space();
    if (!good) ++scan_.torn_records;
  }

  bool TakeDeletes(const RecordHeader& record, int64_t at) {
    Bytes payload(static_cast<size_t>(record.length));
    if (!ReadAt(at, kRecordHeader, payload) || Crc32c(payload) != record.payload_crc) return false;
    const std::vector<DeleteEntry> entries = DecodeDeletes(payload);
    scan_.deletes.insert(scan_.deletes.end(), entries.begin(), entries.end());
    return true;
  }

  bool TakeFragment(const RecordHeader& record, int64_t at) {
    Bytes raw(kRecordFooter);
    if (!ReadAt(at, kRecordHeader + record.length, raw)) return false;
    const auto footer = DecodeRecordFooter(raw, header_bytes_);
    if (!footer.has_value()) return false;
    const auto check = CheckRecord(file_, at, record.key, record.length, {});
    if (check.status().Detail(kUnreadable)) NoteUnreadable(at);
    if (!check.ok() || check->sum() != footer->sum || check->shape().trailer_crc != footer->trailer_crc) return false;
    scan_.fragments.push_back(
        {record.key, {header_.number, at, check->shape(), footer->sum, footer->received_ms, false}});
    return true;
  }

  File& file_;
  const VolumeHeader& header_;
  const int64_t size_;
  VolumeScan scan_;
  Bytes header_bytes_ = Bytes(kRecordHeader);
  Bytes chunk_;
};

}  // namespace

VolumeScan ScanVolume(File& file, const VolumeHeader& header, int64_t from, int64_t size) {
  return Scanner(file, header, size).Run(from);
}

Result<FragmentCheck> CheckRecord(File& file, int64_t record_offset, const FragmentKey& key, int64_t length,
                                  const std::function<Status(Buffer)>& take) {
  FragmentCheck check(key, length);
  for (int64_t at = 0; at < length;) {
    MutableBuffer piece(static_cast<size_t>(std::min(kPiece, length - at)));
    const Status read = file.ReadAt(record_offset + kRecordHeader + at, piece.span());
    if (read.code() == StatusCode::kOutOfRange) return DataLossError(read.message());
    if (!read.ok()) return DataLossError(read.message()).WithDetail(kUnreadable, "yes");
    if (Status sound = check.Append(piece.span()); !sound.ok()) return DataLossError(sound.message());
    at += static_cast<int64_t>(piece.size());
    if (take) PBFS_RETURN_IF_ERROR(take(std::move(piece).Freeze()));
  }
  if (!check.Complete()) return DataLossError("an empty fragment");
  return check;
}

}  // namespace pbfs::disk
