#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libs/s3/conditions.h"
#include "services/gateway/site.h"

/// What S3 calls versions, in terms of the client's: the id of a version is the order at which it was made, or "null".
namespace pbfs::gateway {

inline constexpr const char* kNullVersionId = "null";

/// Hexadecimal; the ids of a name sort as its versions were made.
std::string IdOfOrder(const Order& order);
/// The id of what was bound or unbound at `order` when the bucket's versioning was this.
std::string VersionIdOf(const Order& order, Versioning versioning);
inline std::string VersionIdOf(const NamedVersion& version) {
  return version.is_null ? kNullVersionId : IdOfOrder(version.order);
}
/// Errors (of S3): InvalidArgument.
Result<Order> ParseVersionId(std::string_view id);
/// ?versionId= of a request; none: the current version. Errors (of S3): InvalidArgument.
Result<std::optional<Order>> AskedVersion(const Call& call);
/// Errors (of S3): InvalidArgument: the request writes, and says a version.
Status CheckNoVersion(const Call& call);

/// x-amz-version-id of what a write has made: none in a bucket that never kept versions.
inline std::string IdOfMade(const Written& written) {
  return written.versioning == Versioning::kOff ? "" : VersionIdOf(written.order, written.versioning);
}
inline void AddMade(const Written& written, HttpFields& fields) {
  if (written.versioning != Versioning::kOff) fields.Set("x-amz-version-id", IdOfMade(written));
}
/// The same of what is read; also in a bucket that never kept versions, if the request says one.
std::string IdOfRead(const Call& call, const Bucket& bucket, const ObjectStat& stat);
void AddVersion(const Call& call, const Bucket& bucket, const ObjectStat& stat, HttpFields& fields);
/// "s3:GetObject" is "s3:GetObjectVersion" where a version is said.
std::string ActionOf(const Call& call, const std::string& action);

/// A version, a delete marker too. Errors (of S3): NoSuchVersion.
Result<NamedVersion> FindVersion(Bucket& bucket, Call& call, const std::string& key, const Order& version);
/// What is answered for a key that shows no object (`version` none), or a version that is none: of a delete marker it says so.
/// Errors (of S3), always: NoSuchKey, NoSuchVersion, MethodNotAllowed.
Status NothingThere(Bucket& bucket, Call& call, const std::string& key, const std::optional<Order>& version);

/// Changes the metadata of the object, or version, that the request is about: `change` is made to what they are then, again if somebody
/// else was faster, and may refuse. Returns x-amz-version-id. Errors (of S3): those of OpenKey and `change`; OperationAborted.
Result<HttpFields> ChangeMetadata(Site& site, Call& call,
                                  const std::function<Status(ObjectMetadata& metadata)>& change);

/// What has become of a key, or of a version of it.
struct Deletion {
  std::string version_id;      // that was deleted, or of the delete marker that was made; empty: none is shown
  bool delete_marker = false;  // that is one
};
/// Deletes a key, which gets a delete marker where versions are kept, or one version for good. What is not there is no error.
/// `version_id`: which one; empty: the key. `check`, if there is one, refuses what is not to be deleted, and is held until it is.
/// Errors (of S3): those of `check`; ConditionalRequestConflict; InvalidArgument the id; AccessDenied: the version is locked.
using DeleteCheck = std::function<Status(const s3::Existing& existing)>;
Result<Deletion> DeleteKey(Site& site, Call& call, Bucket& bucket, const std::string& key, std::string_view version_id,
                           const DeleteCheck& check);

}  // namespace pbfs::gateway
