#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/catalog/types.h"

/// Checks of what callers hand in that need no state; every implementation of the ports uses them. All errors are
/// INVALID_ARGUMENT and say what is allowed.
namespace pbfs {

/// Names like CheckName, at most 255 bytes; k and m both or none, within 1..32 and n <= 48; w in [k, n]; history 0..365 d.
Status CheckBucket(const BucketInfo& bucket);
/// k and m both or none, within 1..32 and n <= 48; w in [k, n].
Status CheckScheme(const BucketScheme& scheme);
/// 0 <= lo < hi <= 2^43, at least one extent may be returned.
Status CheckList(const ListRequest& request);

/// The limit is positive; prefix, after and delimiter are what names are made of, up to the length of one.
Status CheckListNames(const ListNamesRequest& request);
/// An id, a name, metadata of at most 16 KiB.
Status CheckUpload(const UploadInfo& upload);
bool IsSame(const UploadInfo& a, const UploadInfo& b);
Status CheckPart(const UploadPart& part);
Status CheckListUploads(const ListUploadsRequest& request);
/// NOT_FOUND.
Status NoSuchUpload();
/// FAILED_PRECONDITION: an object cannot be a part.
Status NotAPart();

/// The common prefix that stands for `name`, which begins with `prefix`: up to and including the first `delimiter` behind that. None:
/// there is none, or the delimiter is empty.
std::optional<std::string> CommonPrefix(const std::string& name, const std::string& prefix,
                                        const std::string& delimiter);
/// Greater than every name that begins with `prefix`, and smaller than every other that is greater than `prefix`.
std::string EndOfNames(const std::string& prefix);

/// As CheckListNames; after_version only with `after`.
Status CheckListVersions(const ListVersionsRequest& request);
/// Versioning can be enabled and suspended, not turned off.
Status CheckVersioning(Versioning versioning);
/// NOT_FOUND: of a name, or of a version of it.
Status NoSuchName(const std::optional<Order>& version);
/// Whether the names of a bucket are known as of then: within its history, or since it keeps every version.
/// Errors: OUT_OF_RANGE HISTORY_EXPIRED.
Status CheckNamesRemembered(const BucketInfo& bucket, Hlc as_of);

/// Epochs are 1 to 2^31 - 1, a page has 1 to kMaxRewraps bodies.
Status CheckWrappedQuery(const WrappedQuery& query);
Status CheckRewrap(const RewrapRequest& request);

/// Of a step that does at most so much: above zero.
Status CheckLimit(int32_t limit);
/// Bytes of plaintext of a body, as its header says (format, section 5).
int64_t BodyLength(std::span<const uint8_t, 64> header);

/// OUT_OF_RANGE with detail pbfs-code HISTORY_EXPIRED.
Status HistoryExpired();

}  // namespace pbfs
