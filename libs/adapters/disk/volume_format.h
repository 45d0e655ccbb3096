#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/fragments/fragment_check.h"
#include "libs/fragments/fragment_store.h"

/// The bytes of volumes (docs/formats/volumes.md). Pure: bytes in, bytes out.
namespace pbfs::disk {

using Secret = std::array<uint8_t, 16>;

inline constexpr int64_t kAlign = 4096;           // records begin on multiples of it
inline constexpr int64_t kVolumeHeader = kAlign;  // the first record follows
inline constexpr int64_t kRecordHeader = 64;
inline constexpr int64_t kRecordFooter = 32;

/// Whose directory it is.
struct Owner {
  std::array<uint8_t, 16> cluster{};
  StoreId store;
  friend bool operator==(const Owner&, const Owner&) = default;
};

struct VolumeHeader {
  Owner owner;
  uint32_t number = 0;
  Secret secret{};  // random, never leaves the store: what makes a record header unforgeable by fragment content
};
/// One block of kVolumeHeader bytes.
Bytes EncodeVolumeHeader(const VolumeHeader& header);
/// Nothing if neither copy in it is good.
std::optional<VolumeHeader> DecodeVolumeHeader(ByteSpan block);

enum class RecordKind : uint8_t { kFragment = 1, kDeletes = 2 };

struct RecordHeader {
  RecordKind kind = RecordKind::kFragment;
  FragmentKey key;           // of a fragment
  int64_t length = 0;        // of what follows the header: the fragment, or the delete entries
  uint32_t payload_crc = 0;  // of delete entries; fragments check themselves
  /// What the record takes in its volume: header, payload, a fragment's footer, up to the next multiple of kAlign.
  int64_t Space() const;
};
std::array<uint8_t, kRecordHeader> EncodeRecordHeader(const RecordHeader& header, const Secret& secret, int64_t offset);
/// Nothing unless the header is whole, of this volume and of this offset.
std::optional<RecordHeader> DecodeRecordHeader(ByteSpan bytes, const Secret& secret, int64_t offset);

/// Ends a fragment's record; written with its last bytes, so it says that the put had come to its end.
struct RecordFooter {
  uint32_t sum = 0;
  int64_t received_ms = 0;
  uint32_t trailer_crc = 0;
};
std::array<uint8_t, kRecordFooter> EncodeRecordFooter(const RecordFooter& footer, ByteSpan record_header);
std::optional<RecordFooter> DecodeRecordFooter(ByteSpan bytes, ByteSpan record_header);

/// A deleted key. Every trace of it lies in volumes up to `horizon`, so the entry is needed until these are gone.
struct DeleteEntry {
  FragmentKey key;
  uint32_t horizon = 0;
};
inline constexpr int64_t kDeleteEntry = 32;
Bytes EncodeDeletes(const std::vector<DeleteEntry>& entries);
std::vector<DeleteEntry> DecodeDeletes(ByteSpan bytes);

/// "volume-0000000012".
std::string VolumeName(uint32_t number);
std::optional<uint32_t> ParseVolumeName(const std::string& name);

inline int64_t AlignUp(int64_t size) { return (size + kAlign - 1) / kAlign * kAlign; }

}  // namespace pbfs::disk
