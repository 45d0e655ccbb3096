#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/result.h"
#include "libs/s3/checksum.h"
#include "libs/s3/errors.h"
#include "libs/s3/headers.h"

/// The XML documents of S3: results as structs that ToXml() turns into text, requests as text that Parse…() turns into
/// structs. ETags in structs have no quotes, times are unix milliseconds; optional strings that are empty are left out.
/// Elements stand in S3's order, which simple clients rely on. Characters that XML 1.0 cannot carry become character
/// references.
///
/// A request document is at most kMaxDocumentBytes, nested at most 16 deep, well-formed UTF-8 and has no DOCTYPE; all else
/// is MalformedXML, as is a missing root, a missing element and a value that is none. Unknown elements are skipped.
namespace pbfs::s3 {

inline constexpr size_t kMaxDocumentBytes = 2 << 20;
inline constexpr size_t kMaxDeletedKeys = 1000;
inline constexpr int kMaxParts = 10000;

struct Owner {
  std::string id;
  std::string display_name;
};

/// A checksum as it is shown: base64, of a composite one with "-N".
struct ShownChecksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kCrc64Nvme;
  ChecksumType type = ChecksumType::kFullObject;
  std::string value;
};

// ---- the service and its buckets ----

struct ListBucketsResult {
  struct Bucket {
    std::string name;
    int64_t created_ms = 0;
    std::string region;  // shown when the request paged
  };
  Owner owner;
  std::vector<Bucket> buckets;
  std::string prefix;
  std::string continuation_token;  // where the next page begins; empty: no more
};
std::string ToXml(const ListBucketsResult& result);

/// GetBucketLocation; us-east-1 is the empty one.
std::string LocationXml(std::string_view region);

/// The LocationConstraint of CreateBucket; empty without a body or without one.
Result<std::string> ParseCreateBucket(std::string_view body);

// ---- listing ----

/// An object, a version or a delete marker.
struct ListedObject {
  std::string key;
  std::string version_id;      // of versions only
  bool is_latest = false;      // of versions only
  bool delete_marker = false;  // of versions only
  int64_t last_modified_ms = 0;
  std::string etag;
  int64_t size = 0;
  std::string storage_class = "STANDARD";
  std::optional<Owner> owner;
  std::optional<ShownChecksum> checksum;  // its value is not shown
};

/// What the three listings share. `url_encoding` (encoding-type=url) encodes keys, prefixes, markers and the delimiter.
struct Listing {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  int64_t max_keys = 1000;
  bool url_encoding = false;
  bool truncated = false;
  std::vector<ListedObject> objects;
  std::vector<std::string> common_prefixes;
};
struct ListObjectsResult : Listing {  // V1
  std::string marker;
  std::string next_marker;  // with a delimiter and truncated only
};
struct ListObjectsV2Result : Listing {
  std::string continuation_token;
  std::string next_continuation_token;
  std::string start_after;
};
struct ListVersionsResult : Listing {
  std::string key_marker;
  std::string version_id_marker;
  std::string next_key_marker;
  std::string next_version_id_marker;
};
std::string ToXml(const ListObjectsResult& result);
std::string ToXml(const ListObjectsV2Result& result);
std::string ToXml(const ListVersionsResult& result);

// ---- objects ----

struct DeleteRequest {
  struct Object {
    std::string key;
    std::string version_id;
    std::string etag;  // delete only this one; empty: any
  };
  bool quiet = false;
  std::vector<Object> objects;  // 1-1000
};
Result<DeleteRequest> ParseDelete(std::string_view body);

struct DeleteResult {
  struct Deleted {
    std::string key;
    std::string version_id;
    bool delete_marker = false;
    std::string delete_marker_version_id;
  };
  struct Error {
    std::string key;
    std::string version_id;
    std::string code;
    std::string message;
  };
  std::vector<Deleted> deleted;  // left empty for a quiet request
  std::vector<Error> errors;
};
std::string ToXml(const DeleteResult& result);

/// CopyObject, and UploadPartCopy (`part`).
struct CopyResult {
  bool part = false;
  int64_t last_modified_ms = 0;
  std::string etag;
  std::optional<ShownChecksum> checksum;
};
std::string ToXml(const CopyResult& result);

struct PatchResult {
  int64_t last_modified_ms = 0;
  std::string etag;
};
std::string ToXml(const PatchResult& result);

/// A POST form with success_action_status 201.
struct PostResult {
  std::string location;
  std::string bucket;
  std::string key;
  std::string etag;
};
std::string ToXml(const PostResult& result);

/// GetObjectAttributes: what was asked for, and is there.
struct ObjectAttributes {
  std::string etag;
  std::optional<ShownChecksum> checksum;
  struct Part {
    int number = 0;
    int64_t size = 0;
    std::optional<ShownChecksum> checksum;
  };
  struct Parts {
    int total = 0;
    int marker = 0;
    int next_marker = 0;
    int max_parts = 1000;
    bool truncated = false;
    std::vector<Part> parts;
  };
  std::optional<Parts> parts;
  std::string storage_class;
  std::optional<int64_t> size;
};
std::string ToXml(const ObjectAttributes& result);

// ---- multipart uploads ----

struct InitiateResult {
  std::string bucket;
  std::string key;
  std::string upload_id;
};
std::string ToXml(const InitiateResult& result);

struct CompletePart {
  int number = 0;
  std::string etag;
  std::optional<std::pair<ChecksumAlgorithm, std::string>> checksum;  // base64
};
/// The parts of CompleteMultipartUpload, with rising numbers. Errors: also InvalidPartOrder, InvalidArgument for a number
/// that is not 1-10000.
Result<std::vector<CompletePart>> ParseComplete(std::string_view body);

struct CompleteResult {
  std::string location;
  std::string bucket;
  std::string key;
  std::string etag;
  std::optional<ShownChecksum> checksum;
};
std::string ToXml(const CompleteResult& result);

struct ListPartsResult {
  struct Part {
    int number = 0;
    int64_t last_modified_ms = 0;
    std::string etag;
    int64_t size = 0;
    std::optional<ShownChecksum> checksum;
  };
  std::string bucket;
  std::string key;
  std::string upload_id;
  Owner owner;
  std::string storage_class = "STANDARD";
  int marker = 0;
  int next_marker = 0;
  int max_parts = 1000;
  bool url_encoding = false;
  bool truncated = false;
  std::vector<Part> parts;
  std::optional<ShownChecksum> checksum;  // algorithm and type of the upload
};
std::string ToXml(const ListPartsResult& result);

struct ListUploadsResult {
  struct Upload {
    std::string key;
    std::string upload_id;
    Owner owner;
    std::string storage_class = "STANDARD";
    int64_t initiated_ms = 0;
    std::optional<ShownChecksum> checksum;  // algorithm and type
  };
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string key_marker;
  std::string upload_id_marker;
  std::string next_key_marker;
  std::string next_upload_id_marker;
  int64_t max_uploads = 1000;
  bool url_encoding = false;
  bool truncated = false;
  std::vector<Upload> uploads;
  std::vector<std::string> common_prefixes;
};
std::string ToXml(const ListUploadsResult& result);

// ---- configurations ----

/// The tags of an object or bucket, not checked yet (CheckTags).
Result<Tags> ParseTags(std::string_view body);
std::string TagsXml(const Tags& tags);

enum class Versioning { kNever, kEnabled, kSuspended };
/// Errors: also NotImplemented for MfaDelete.
Result<Versioning> ParseVersioning(std::string_view body);
std::string VersioningXml(Versioning versioning);

}  // namespace pbfs::s3
