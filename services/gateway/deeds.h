#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/s3/ranges.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/site.h"
#include "services/gateway/versions.h"

/// What operations do, without how it is asked and answered: those of S3 (operations.h) and those of the object API
/// (object_service.h) do the same by these. What is asked stands in the Call's fields and query, in S3's words. Errors (of S3) are those
/// of the operations.
namespace pbfs::gateway {

/// A new object that is bound to the request's key.
struct Stored {
  ObjectId object;
  Opset opset{};
  ObjectMetadata metadata;
  int64_t size = 0;  // bytes
  int64_t modified_ms = 0;
  std::string version_id = {};         // x-amz-version-id; empty: none is shown
  std::string source_version_id = {};  // of a copy
  void AddVersions(HttpFields& fields) const {
    if (!version_id.empty()) fields.Set("x-amz-version-id", version_id);
    if (!source_version_id.empty()) fields.Set("x-amz-copy-source-version-id", source_version_id);
  }
  std::string Etag() const { return EtagOf(object, opset, metadata); }
};
/// The body of the request (object_writes.cc).
Result<Stored> StoreObject(Site& site, Call& call);
/// A copy of x-amz-copy-source (copies.cc).
Result<Stored> MakeCopy(Site& site, Call& call);

/// The key, or the version that the request says (object_writes.cc).
Result<Deletion> RemoveObject(Site& site, Call& call);

class SentRanges;

/// What is done to an object, all of it or nothing: one of these. Where versions are kept it makes another.
struct Patch {
  std::vector<s3::ByteRange> ranges;
  SentRanges* sent = nullptr;  // their bytes
  std::optional<int64_t> set_size = {};
  std::optional<s3::ByteRange> zeros = {};
};
/// What the object then is; with x-amz-client-token it is kept for a repeat, except of zeros.
struct Patched {
  std::string etag;
  int64_t size = 0;
  int64_t modified_ms = 0;
  std::string version_id = {};  // empty: none is shown
};
/// To the object of the request's key, which `view` shows (patches.cc).
Result<Patched> PatchBytes(Site& site, Call& call, ObjectView view, const Patch& patch);
/// What was sent as one range that begins at 0, behind its end, which is `offset`; none: wherever it is (patches.cc).
Result<Patched> AppendBytes(Site& site, Call& call, ObjectView view, std::optional<int64_t> offset, SentRanges& sent);

inline constexpr int64_t kMaxKeys = 1000;  // of a page

/// What all listings of objects ask.
struct Asked {
  std::string prefix;
  std::string delimiter;
  int64_t max_keys = kMaxKeys;
  bool url_encoding = false;
  std::optional<Hlc> as_of = {};  // then sizes and ETags are not known
};
/// One page behind `after` (listings.cc). Returns where the next page begins; empty: there is none.
Result<std::string> ListPage(Site& site, Call& call, const Asked& asked, const std::string& after,
                             s3::Listing& listing);

/// One page of versions, behind the markers of the query, and where the next begins (listings.cc).
Status ListVersionPage(Site& site, Call& call, const Asked& asked, s3::ListVersionsResult& listing);

/// A bucket of the request's name with these settings, besides its name, ETags and scheme, which are those of all that this gateway makes (buckets.cc).
Status MakeBucket(Site& site, Call& call, BucketSettings settings);

inline constexpr int64_t kMaxBucketsShown = 10'000;
/// Buckets behind `after`, at most `most` (buckets.cc).
Result<s3::ListBucketsResult> FindBuckets(Site& site, Call& call, std::string_view prefix, std::string_view after,
                                          int64_t most);

}  // namespace pbfs::gateway
