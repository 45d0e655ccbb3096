#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/crypto/base64.h"
#include "libs/http/message.h"

/// The checksums that clients send along and ask for. A value is the digest, or the CRC in big-endian order; on the wire it
/// is base64.
namespace pbfs::s3 {

enum class ChecksumAlgorithm { kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256 };
inline constexpr ChecksumAlgorithm kChecksumAlgorithms[] = {ChecksumAlgorithm::kCrc32, ChecksumAlgorithm::kCrc32c,
                                                            ChecksumAlgorithm::kCrc64Nvme, ChecksumAlgorithm::kSha1,
                                                            ChecksumAlgorithm::kSha256};

/// "CRC32C".
std::string_view AlgorithmName(ChecksumAlgorithm algorithm);
/// "x-amz-checksum-crc32c".
std::string_view ChecksumHeader(ChecksumAlgorithm algorithm);
/// "ChecksumCRC32C": the element of XML documents.
std::string_view ChecksumElement(ChecksumAlgorithm algorithm);
size_t ChecksumBytes(ChecksumAlgorithm algorithm);
bool IsCrc(ChecksumAlgorithm algorithm);
/// The inverse of AlgorithmName, in any case. Errors: InvalidRequest.
Result<ChecksumAlgorithm> ParseAlgorithm(std::string_view name);

/// A checksum of bytes that come in pieces. One thread; moves, does not copy.
class Checksum {
 public:
  explicit Checksum(ChecksumAlgorithm algorithm);
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  ChecksumAlgorithm algorithm() const { return algorithm_; }
  void Update(ByteSpan bytes);
  /// The value of all bytes so far. Starts over.
  Bytes Finish();

 private:
  struct Digest;
  ChecksumAlgorithm algorithm_;
  uint64_t crc_ = 0;
  std::unique_ptr<Digest> digest_;  // of the SHAs
};

/// MD5, which ETags and Content-MD5 are. One thread.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;

  void Update(ByteSpan bytes);
  /// 16 bytes. Starts over.
  Bytes Finish();

 private:
  struct Digest;
  std::unique_ptr<Digest> digest_;
};

/// The CRC of a ‖ b from those of a and b, where b has `b_bytes` bytes. O(log b_bytes). `algorithm` is a CRC, both values
/// have its size.
Bytes CombineCrc(ChecksumAlgorithm algorithm, ByteSpan a, ByteSpan b, int64_t b_bytes);

/// Whether the checksum of a multipart upload is that of all bytes, or of its parts' checksums (with "-N" behind it).
enum class ChecksumType { kFullObject, kComposite };
/// "FULL_OBJECT", "COMPOSITE".
std::string_view ChecksumTypeName(ChecksumType type);
/// The type of a multipart upload's checksum; `asked` is x-amz-checksum-type, empty for the algorithm's default.
/// Errors: InvalidRequest for an unknown type, or one that the algorithm cannot have.
Result<ChecksumType> MultipartChecksumType(ChecksumAlgorithm algorithm, std::string_view asked);

/// What a request says the body's checksum is.
struct Wanted {
  /// None: only Content-MD5 was sent.
  std::optional<ChecksumAlgorithm> algorithm;
  /// None: comes as the trailer ChecksumHeader(*algorithm).
  std::optional<Bytes> value;
  /// Content-MD5, 16 bytes; may stand beside the other, then both must hold.
  std::optional<Bytes> md5;
};
/// None: the request says nothing.
/// Errors: InvalidDigest (Content-MD5), InvalidRequest (the others: malformed, more than one, unknown, an algorithm
/// announced without a value).
Result<std::optional<Wanted>> ReadChecksumHeaders(const HttpFields& fields);
/// The value of a checksum header or trailer. Errors: InvalidRequest.
Result<Bytes> ParseChecksum(ChecksumAlgorithm algorithm, std::string_view text);

/// The names in x-amz-trailer, in lower case. Errors: InvalidRequest for one that is no checksum, or more than one.
Result<std::vector<std::string>> AnnouncedTrailers(const HttpFields& fields);

}  // namespace pbfs::s3
