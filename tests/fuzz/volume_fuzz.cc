#include <algorithm>
#include <cstring>

#include "libs/adapters/disk/memory_file_system.h"
#include "libs/adapters/disk/volume_scan.h"
#include "libs/coding/crc32c.h"

namespace {

using namespace pbfs::disk;  // NOLINT(google-build-using-namespace): a program of one file

/// What looks like a record becomes one of this volume and offset, or nothing would pass: its checksums and secret are set.
void MakeRecordsGenuine(pbfs::Bytes& volume) {
  for (size_t at = kVolumeHeader; at + kRecordHeader <= volume.size(); at += kAlign) {
    uint8_t* record = volume.data() + at;
    if (pbfs::AsText({record, 4}) != "PBVR") continue;
    pbfs::StoreLe(record + 32, static_cast<uint64_t>(at));
    std::memset(record + 44, 0, 16);
    pbfs::StoreLe(record + 60, pbfs::Crc32c({record, 60}));
    const auto length = pbfs::LoadLe<uint64_t>(record + 8);
    if (length > volume.size() || at + kRecordHeader + length + kRecordFooter > volume.size()) continue;
    uint8_t* footer = record + kRecordHeader + length;
    const uint32_t crc = pbfs::Crc32cExtend(pbfs::Crc32c({record, kRecordHeader}), pbfs::ByteSpan(footer, 28));
    pbfs::StoreLe(footer + 28, crc);
  }
}

}  // namespace

// A volume's records, whatever they hold: a scan ends, and what it finds lies in the volume, whole.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pbfs::Bytes header_block(kVolumeHeader);
  std::copy_n(data, std::min(size, header_block.size()), header_block.begin());
  pbfs::StoreLe(header_block.data() + 60, pbfs::Crc32c(pbfs::ByteSpan(header_block).first(60)));
  if (const auto header = DecodeVolumeHeader(header_block)) {
    const auto again = DecodeVolumeHeader(EncodeVolumeHeader(*header));
    PBFS_CHECK(again.has_value() && again->owner == header->owner && again->number == header->number);
  }

  pbfs::Bytes volume = EncodeVolumeHeader({});
  volume.insert(volume.end(), data, data + size);
  MakeRecordsGenuine(volume);
  MemoryFileSystem files;
  const auto file = files.Open("volume", true);
  const pbfs::ByteSpan whole[] = {volume};
  PBFS_CHECK(file.ok() && (*file)->WriteAt(0, whole).ok());
  const auto end = static_cast<int64_t>(volume.size());
  const VolumeScan scan = ScanVolume(**file, {}, kVolumeHeader, end);
  for (const auto& [key, entry] : scan.fragments) {
    PBFS_CHECK(entry.offset >= kVolumeHeader && entry.offset % kAlign == 0);
    PBFS_CHECK(entry.offset + kRecordHeader + entry.shape.length + kRecordFooter <= end);
    PBFS_CHECK(CheckRecord(**file, entry.offset, key, entry.shape.length, {}).ok());
  }
  const VolumeScan rest = ScanVolume(**file, {}, scan.end, end);
  PBFS_CHECK(rest.fragments.empty() && rest.deletes.empty());
  return 0;
}
