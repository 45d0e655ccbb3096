#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/context.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"
#include "libs/model/op_kind.h"
#include "libs/objects/basic_credentials.h"

/// The object API as a port: what proto/pbfs/object/v1/objects.proto says, in plain values. The comments there are the reference of
/// every field and every error; an empty string and 0 stand for "not given" unless a field is optional.
namespace pbfs::objects {

/// Who calls.
struct Caller {
  std::optional<BasicCredentials> credentials;  // none: anonymous
  std::string peer;                             // the other end's IP address
  bool secure = false;                          // came over TLS
};

/// An object of a bucket, or a version of it. Names and ids are checked by whoever serves them.
struct Key {
  std::string bucket;
  std::string key;
  std::string version_id = {};
};

struct Conditions {
  std::string if_match;
  std::string if_none_match;
};

struct Checksum {
  std::string algorithm;
  std::string value;  // base64
  std::string type;
};

struct Properties {
  std::string content_type;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> tags;
};

struct Facts {
  ObjectId object;
  std::optional<int64_t> size;  // bytes
  std::string etag;
  int64_t modified_ms = 0;
  Properties properties;
  std::optional<Checksum> checksum;
  std::string version_id;
};

struct Written {
  std::string etag;
  int64_t size = 0;
  int64_t modified_ms = 0;
  std::optional<Checksum> checksum;
  std::string version_id;
};

struct ListedBucket {
  std::string name;
  int64_t created_ms = 0;
};
struct ListBucketsRequest {
  std::string prefix;
  std::string after;
  int32_t limit = 0;
};
struct BucketPage {
  std::vector<ListedBucket> buckets;
  std::string next;
};

struct CreateBucketRequest {
  std::string bucket;
  int64_t history_ms = 0;
};

struct PutRequest {
  Key at;
  Properties properties;
  Conditions conditions;
  std::optional<int64_t> size;
  std::optional<Checksum> checksum;
};

struct GetRequest {
  Key at;
  Conditions conditions;
  int64_t offset = 0;
  int64_t length = 0;
  int64_t as_of_ms = 0;
};
struct Opened {
  Facts facts;
  int64_t lo = 0;
  int64_t hi = 0;
  bool not_modified = false;
};

struct HeadRequest {
  Key at;
  Conditions conditions;
  int64_t as_of_ms = 0;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after;
  int32_t limit = 0;
  int64_t as_of_ms = 0;
};
struct ListedObject {
  std::string key;
  std::optional<int64_t> size;
  std::string etag;
  int64_t modified_ms = 0;
};
struct ObjectPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;
  std::string next;
};

struct ListVersionsRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after;
  std::string after_version_id;
  int32_t limit = 0;
};
struct ListedVersion {
  Key at;
  bool current = false;
  bool delete_marker = false;
  int64_t size = 0;
  std::string etag;
  int64_t modified_ms = 0;
};
struct VersionPage {
  std::vector<ListedVersion> versions;
  std::vector<std::string> prefixes;
  std::string next;
  std::string next_version_id;
};

struct DeleteRequest {
  Key at;
  Conditions conditions;
};
struct Deleted {
  std::string version_id;
  bool delete_marker = false;
};

struct PatchRequest {
  Key at;
  Conditions conditions;
  std::string token;
};
struct PatchPiece {
  int64_t offset = 0;
  Bytes data;
};

struct AppendRequest {
  Key at;
  Conditions conditions;
  std::optional<int64_t> expected_size;
  std::string token;
  Properties properties;
};

struct TruncateRequest {
  Key at;
  Conditions conditions;
  int64_t size = 0;
  std::string token;
};

struct ZeroRequest {
  Key at;
  Conditions conditions;
  int64_t lo = 0;
  int64_t hi = 0;
};

struct CloneRequest {
  Key source;
  std::string source_if_match;
  Key at;
  Conditions conditions;
  std::optional<Properties> properties;
  int64_t as_of_ms = 0;
};

struct HistoryRequest {
  Key at;
  int64_t before = 0;
  int32_t limit = 0;
};
struct Op {
  OpId op;
  OpKind kind = OpKind::kWrite;
  int64_t order = 0;
  int64_t at_ms = 0;
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t bytes = 0;
  bool authentic = false;
};

struct NameValue {
  std::optional<ObjectId> object;
  int64_t bound_ms = 0;
  bool current = false;
};

struct ExtentsRequest {
  Key at;
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t as_of_ms = 0;
  int32_t limit = 0;
};
struct Extent {
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t order = 0;
  bool zeros = false;
};
struct ExtentPage {
  std::vector<Extent> extents;
  int64_t next = 0;
};

/// The bytes that a caller sends. One thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// At least one byte and at most out.size() > 0; 0 at the end, and again after it. Blocks until some are there. Errors: CANCELLED the
  /// caller is gone, DEADLINE_EXCEEDED it is too slow, INVALID_ARGUMENT what it sends is malformed.
  virtual Result<size_t> Read(const Context& context, MutableByteSpan out) = 0;
};

/// The pieces of a patch. One thread at a time.
class PieceSource {
 public:
  virtual ~PieceSource() = default;
  /// None at the end. Errors: as of BodySource.
  virtual Result<std::optional<PatchPiece>> Next(const Context& context) = 0;
};

/// Where the answer to a Get goes. One thread at a time.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;
  /// Once, before any bytes. Errors: as of Write().
  virtual Status Begin(const Context& context, const Opened& opened) = 0;
  /// Takes all of `bytes`, which are gone when it returns. Errors: CANCELLED the caller is gone, DEADLINE_EXCEEDED it is too slow.
  virtual Status Write(const Context& context, ByteSpan bytes) = 0;
};

/// Serves objects. Every call blocks, until context.deadline at most, and finds out first who calls and whether he may.
/// Threads: any method from any thread at once.
class ObjectApi {
 public:
  virtual ~ObjectApi() = default;

  virtual Result<BucketPage> ListBuckets(const Context&, const Caller&, const ListBucketsRequest&) = 0;
  virtual Status CreateBucket(const Context&, const Caller&, const CreateBucketRequest&) = 0;
  virtual Status DeleteBucket(const Context&, const Caller&, const std::string& bucket) = 0;

  virtual Result<Written> Put(const Context&, const Caller&, const PutRequest&, BodySource& body) = 0;
  virtual Status Get(const Context&, const Caller&, const GetRequest&, ObjectSink& sink) = 0;
  virtual Result<Opened> Head(const Context&, const Caller&, const HeadRequest&) = 0;
  virtual Result<ObjectPage> List(const Context&, const Caller&, const ListRequest&) = 0;
  virtual Result<VersionPage> ListVersions(const Context&, const Caller&, const ListVersionsRequest&) = 0;
  virtual Result<Deleted> Delete(const Context&, const Caller&, const DeleteRequest&) = 0;

  virtual Result<Written> Patch(const Context&, const Caller&, const PatchRequest&, PieceSource& pieces) = 0;
  virtual Result<Written> Append(const Context&, const Caller&, const AppendRequest&, BodySource& body) = 0;
  virtual Result<Written> Truncate(const Context&, const Caller&, const TruncateRequest&) = 0;
  virtual Result<Written> Zero(const Context&, const Caller&, const ZeroRequest&) = 0;
  virtual Result<Written> Clone(const Context&, const Caller&, const CloneRequest&) = 0;

  virtual Result<std::vector<Op>> History(const Context&, const Caller&, const HistoryRequest&) = 0;
  virtual Result<std::vector<NameValue>> NameHistory(const Context&, const Caller&, const Key&) = 0;
  virtual Result<ExtentPage> Extents(const Context&, const Caller&, const ExtentsRequest&) = 0;
};

}  // namespace pbfs::objects
