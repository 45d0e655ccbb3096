#include "libs/s3/checksum.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "libs/s3/crc.h"
#include "libs/s3/errors.h"

namespace pbfs::s3 {
namespace {

struct Row {
  ChecksumAlgorithm algorithm;
  std::string_view name;
  std::string_view header;
  std::string_view element;
  size_t bytes;
};
constexpr Row kRows[] = {
    {ChecksumAlgorithm::kCrc32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    {ChecksumAlgorithm::kCrc32c, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    {ChecksumAlgorithm::kCrc64Nvme, "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8},
    {ChecksumAlgorithm::kSha1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20},
    {ChecksumAlgorithm::kSha256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
};
const Row& RowOf(ChecksumAlgorithm algorithm) { return kRows[static_cast<size_t>(algorithm)]; }

const Row* FindHeader(std::string_view header) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&](const Row& r) { return EqualsIgnoreCase(r.header, header); });
  return row == std::end(kRows) ? nullptr : row;
}

Bytes BigEndian(uint64_t value, size_t bytes) {
  Bytes out(bytes);
  for (size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<uint8_t>(value);
  return out;
}

uint64_t FromBigEndian(ByteSpan bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

/// A digest of OpenSSL's. Failures are those of memory.
class Evp {
 public:
  explicit Evp(const EVP_MD* kind) : kind_(kind), context_(EVP_MD_CTX_new()) {
    PBFS_CHECK(context_ != nullptr);
    Begin();
  }
  ~Evp() { EVP_MD_CTX_free(context_); }
  Evp(const Evp&) = delete;
  Evp& operator=(const Evp&) = delete;

  void Update(ByteSpan bytes) { PBFS_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1); }
  Bytes Finish() {
    Bytes digest(static_cast<size_t>(EVP_MD_get_size(kind_)));
    PBFS_CHECK(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
    Begin();
    return digest;
  }

 private:
  void Begin() { PBFS_CHECK(EVP_DigestInit_ex(context_, kind_, nullptr) == 1); }
  const EVP_MD* kind_;
  EVP_MD_CTX* context_;
};

Status Malformed(std::string_view header) {
  return Error(Code::kInvalidRequest, fmt::format("Value for {} header is invalid.", header));
}

/// The one x-amz-checksum-* with a value; none if there is none.
Result<const Row*> FindValue(const HttpFields& fields) {
  const Row* found = nullptr;
  for (const auto& [name, value] : fields) {
    const std::string lower = LowerCase(name);
    if (!lower.starts_with("x-amz-checksum-")) continue;
    if (lower == "x-amz-checksum-mode" || lower == "x-amz-checksum-type" || lower == "x-amz-checksum-algorithm")
      continue;
    const Row* const row = FindHeader(lower);
    if (row == nullptr) return Error(Code::kInvalidRequest, "The algorithm type you specified is not supported");
    if (found != nullptr) {
      return Error(Code::kInvalidRequest, "Expecting a single x-amz-checksum- header. Multiple checksum types found.");
    }
    found = row;
  }
  return found;
}

Result<std::optional<Bytes>> ReadMd5(const HttpFields& fields) {
  const auto header = fields.Find("content-md5");
  if (!header) return std::optional<Bytes>();
  std::optional<Bytes> value = FromBase64(*header);
  if (!value || value->size() != 16 || fields.Count("content-md5") > 1) return Error(Code::kInvalidDigest);
  return value;
}

}  // namespace

std::string_view AlgorithmName(ChecksumAlgorithm algorithm) { return RowOf(algorithm).name; }
std::string_view ChecksumHeader(ChecksumAlgorithm algorithm) { return RowOf(algorithm).header; }
std::string_view ChecksumElement(ChecksumAlgorithm algorithm) { return RowOf(algorithm).element; }
size_t ChecksumBytes(ChecksumAlgorithm algorithm) { return RowOf(algorithm).bytes; }
bool IsCrc(ChecksumAlgorithm algorithm) { return algorithm <= ChecksumAlgorithm::kCrc64Nvme; }

Result<ChecksumAlgorithm> ParseAlgorithm(std::string_view name) {
  for (const Row& row : kRows) {
    if (EqualsIgnoreCase(row.name, name)) return row.algorithm;
  }
  return Error(Code::kInvalidRequest,
               "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
               "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
}

struct Checksum::Digest : Evp {
  using Evp::Evp;
};

Checksum::Checksum(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  if (algorithm == ChecksumAlgorithm::kSha1) digest_ = std::make_unique<Digest>(EVP_sha1());
  if (algorithm == ChecksumAlgorithm::kSha256) digest_ = std::make_unique<Digest>(EVP_sha256());
}
Checksum::~Checksum() = default;
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;

void Checksum::Update(ByteSpan bytes) {
  if (digest_ != nullptr) return digest_->Update(bytes);
  crc_ = ExtendCrc(algorithm_, crc_, bytes);
}

Bytes Checksum::Finish() {
  if (digest_ != nullptr) return digest_->Finish();
  return BigEndian(std::exchange(crc_, 0), ChecksumBytes(algorithm_));
}

struct Md5::Digest : Evp {
  using Evp::Evp;
};

Md5::Md5() : digest_(std::make_unique<Digest>(EVP_md5())) {}
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
void Md5::Update(ByteSpan bytes) { digest_->Update(bytes); }
Bytes Md5::Finish() { return digest_->Finish(); }

Bytes CombineCrc(ChecksumAlgorithm algorithm, ByteSpan a, ByteSpan b, int64_t b_bytes) {
  const size_t bytes = ChecksumBytes(algorithm);
  PBFS_CHECK(IsCrc(algorithm) && a.size() == bytes && b.size() == bytes && b_bytes >= 0);
  return BigEndian(ShiftCrc(algorithm, FromBigEndian(a), static_cast<uint64_t>(b_bytes)) ^ FromBigEndian(b), bytes);
}

std::string_view ChecksumTypeName(ChecksumType type) {
  return type == ChecksumType::kFullObject ? "FULL_OBJECT" : "COMPOSITE";
}

Result<ChecksumType> MultipartChecksumType(ChecksumAlgorithm algorithm, std::string_view asked) {
  const bool can_combine = IsCrc(algorithm);
  const bool can_be_composite = algorithm != ChecksumAlgorithm::kCrc64Nvme;
  if (asked.empty()) return can_be_composite ? ChecksumType::kComposite : ChecksumType::kFullObject;
  const bool full = asked == "FULL_OBJECT";
  if (!full && asked != "COMPOSITE") return Malformed("x-amz-checksum-type");
  if (full ? can_combine : can_be_composite) return full ? ChecksumType::kFullObject : ChecksumType::kComposite;
  return Error(Code::kInvalidRequest, fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                                  asked, AlgorithmName(algorithm)));
}

Result<std::optional<Wanted>> ReadChecksumHeaders(const HttpFields& fields) {
  Wanted wanted;
  PBFS_ASSIGN_OR_RETURN(wanted.md5, ReadMd5(fields));
  PBFS_ASSIGN_OR_RETURN(const Row* row, FindValue(fields));
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> trailers, AnnouncedTrailers(fields));
  if (row != nullptr && !trailers.empty()) {
    return Error(Code::kInvalidRequest, "Expecting a single x-amz-checksum- header. Multiple checksum types found.");
  }
  if (row != nullptr) {
    PBFS_ASSIGN_OR_RETURN(wanted.value, ParseChecksum(row->algorithm, fields.Get(row->header)));
  } else if (!trailers.empty()) {
    row = FindHeader(trailers.front());
  }
  if (row != nullptr) wanted.algorithm = row->algorithm;
  if (const auto announced = fields.Find("x-amz-sdk-checksum-algorithm")) {
    PBFS_ASSIGN_OR_RETURN(const ChecksumAlgorithm algorithm, ParseAlgorithm(*announced));
    if (row != nullptr && row->algorithm != algorithm) return Malformed("x-amz-sdk-checksum-algorithm");
    if (row == nullptr) {
      return Error(Code::kInvalidRequest,
                   "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                   "headers were found.");
    }
  }
  if (!wanted.algorithm && !wanted.md5) return std::optional<Wanted>();
  return std::optional<Wanted>(std::move(wanted));
}

Result<Bytes> ParseChecksum(ChecksumAlgorithm algorithm, std::string_view text) {
  std::optional<Bytes> value = FromBase64(text);
  if (!value || value->size() != ChecksumBytes(algorithm)) return Malformed(ChecksumHeader(algorithm));
  return *std::move(value);
}

Result<std::vector<std::string>> AnnouncedTrailers(const HttpFields& fields) {
  if (!fields.Has("x-amz-trailer")) return std::vector<std::string>{};
  const std::string name = LowerCase(fields.Get("x-amz-trailer"));
  if (fields.Count("x-amz-trailer") > 1 || FindHeader(name) == nullptr) {
    return Error(Code::kInvalidRequest, "The value specified in the x-amz-trailer header is not supported");
  }
  return std::vector<std::string>{name};
}

}  // namespace pbfs::s3
