#pragma once

#include <cstdint>

/// The limits of format version 1 (docs/formats/limits.md). Sizes in bytes, times in milliseconds.
namespace pbfs {

inline constexpr int64_t kMaxObjectSize = int64_t{1} << 43;
inline constexpr int64_t kTruncEnd = int64_t{1} << 62;  // a TRUNC touches [n, kTruncEnd)
inline constexpr int kRegionLog2 = 26;
inline constexpr int64_t kRegionSize = int64_t{1} << kRegionLog2;  // the unit of ordering and rehome
inline constexpr int64_t kMaxBodySize = kRegionSize;
inline constexpr int64_t kMaxInlineBody = 4096;
inline constexpr int kMaxDataShards = 32;
inline constexpr int kMaxShards = 48;
inline constexpr int64_t kMaxRecordSize = 8 << 20;
inline constexpr int kMaxRecordExtents = 32768;
inline constexpr int kMaxRecordBodies = 16384;
inline constexpr int kMaxOpsPerCommit = 64;
inline constexpr int kMaxNameSize = 1024;
inline constexpr int kMaxMetadataSize = 16384;
inline constexpr int kMaxReferenceDepth = 8;
inline constexpr int kMaxExtentsPerListMessage = 4096;
inline constexpr int64_t kMaxEncodingAgeMs = 3'600'000;  // L
inline constexpr int64_t kSweepMarginMs = 82'800'000;    // M
inline constexpr int64_t kMaxClockSkewMs = 60'000;       // B
inline constexpr int64_t kMaxHlcDriftMs = 500;           // I4
inline constexpr int64_t kMaxHlcAgeMs = 30'000;          // I4
inline constexpr int64_t kMaxOpAgeMs = 86'400'000;       // I15
inline constexpr int64_t kListLeaseMs = 900'000;         // R (I19)
inline constexpr int64_t kRehomeHoldMs = 84'600'000;     // I19, beyond the grace
inline constexpr int64_t kOpenObjectMs = 86'400'000;     // an object that was never bound lives so long
inline constexpr int32_t kMaxPartNumber = 10'000;        // of an upload in parts
inline constexpr int kMaxPartMetadataSize = 1024;        // sealed
inline constexpr int64_t kUploadMs = 604'800'000;        // an upload that nobody completes lives so long

/// The region of an object that byte `offset` lies in.
inline int64_t RegionOf(int64_t offset) { return offset >> kRegionLog2; }

}  // namespace pbfs
