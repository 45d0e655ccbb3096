#include "services/gateway/versions.h"

#include <charconv>

#include "libs/s3/dates.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr size_t kHalf = 16;  // digits of each half of an order
constexpr int kTryAgain = 20;

std::string HexOf(int64_t number) {
  std::string text(kHalf, '0');
  char digits[kHalf];
  const auto end = std::to_chars(digits, digits + kHalf, static_cast<uint64_t>(number), 16).ptr;
  const auto count = static_cast<size_t>(end - digits);
  return text.replace(kHalf - count, count, digits, count);
}

std::optional<int64_t> NumberOf(std::string_view hex) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
  const bool whole = error == std::errc() && end == hex.data() + hex.size() && number <= INT64_MAX;
  return whole ? std::optional(static_cast<int64_t>(number)) : std::nullopt;
}

Status WithMarker(Status status, const std::string& version_id) {
  return std::move(status)
      .WithDetail("http-x-amz-delete-marker", "true")
      .WithDetail("http-x-amz-version-id", version_id);
}

// What a deletion is conditional on, if there is a check; it does not exist for a delete marker.
Result<std::optional<ObjectId>> Checked(Call& call, const Bucket& bucket, const std::string& key,
                                        const std::optional<Order>& version, const DeleteCheck& check) {
  if (!check) return std::optional<ObjectId>();
  Bucket of = bucket;
  const Result<ObjectView> view = of.Open(call.context(), key, {.newest = true, .version = version});
  if (view.status().code() == StatusCode::kNotFound) {
    PBFS_RETURN_IF_ERROR(check({}));
    return std::optional<ObjectId>();
  }
  PBFS_RETURN_IF_ERROR(view.status());
  PBFS_RETURN_IF_ERROR(check({true, EtagOf(view->stat()), LastModifiedMs(view->stat())}));
  return std::optional(view->stat().object);
}

Status DeleteFailure(const Status& status) { return WriteFailure(status, Code::kConditionalRequestConflict); }

Result<Deletion> DeleteCurrent(Call& call, Bucket& bucket, const std::string& key,
                               const std::optional<ObjectId>& only) {
  const Result<Unbound> gone = bucket.Unbind(call.context(), key, only);
  if (gone.status().code() == StatusCode::kNotFound) return Deletion{};
  if (!gone.ok()) return DeleteFailure(gone.status());
  if (gone->versioning == Versioning::kOff) return Deletion{};
  return Deletion{VersionIdOf(gone->order, gone->versioning), true};
}

}  // namespace

std::string IdOfOrder(const Order& order) { return HexOf(order.hlc) + HexOf(order.wid); }

std::string VersionIdOf(const Order& order, Versioning versioning) {
  return versioning == Versioning::kEnabled ? IdOfOrder(order) : kNullVersionId;
}

Result<Order> ParseVersionId(std::string_view id) {
  if (id == kNullVersionId) return kNullVersion;
  const auto hlc = id.size() == 2 * kHalf ? NumberOf(id.substr(0, kHalf)) : std::nullopt;
  const auto wid = id.size() == 2 * kHalf ? NumberOf(id.substr(kHalf)) : std::nullopt;
  if (!hlc.has_value() || !wid.has_value()) return Error(Code::kInvalidArgument, "Invalid version id specified");
  return *hlc > 0 ? Order{*hlc, *wid}
                  : Order{-1, *wid};  // no version is of such an order, and it must not be taken for the null one
}

Result<std::optional<Order>> AskedVersion(const Call& call) {
  const auto id = call.query().Find("versionId");
  if (!id.has_value()) return std::optional<Order>();
  PBFS_ASSIGN_OR_RETURN(const Order version, ParseVersionId(*id));
  return std::optional(version);
}

Status CheckNoVersion(const Call& call) {
  if (!call.query().Has("versionId")) return OkStatus();
  return Error(Code::kInvalidArgument, "This operation does not accept a version-id.");
}

std::string IdOfRead(const Call& call, const Bucket& bucket, const ObjectStat& stat) {
  const bool shown = bucket.versioning() != Versioning::kOff || stat.versioning == Versioning::kEnabled ||
                     call.query().Has("versionId");
  return shown ? VersionIdOf(stat.bound, stat.versioning) : "";
}

void AddVersion(const Call& call, const Bucket& bucket, const ObjectStat& stat, HttpFields& fields) {
  const std::string id = IdOfRead(call, bucket, stat);
  if (!id.empty()) fields.Set("x-amz-version-id", id);
}

std::string ActionOf(const Call& call, const std::string& action) {
  constexpr std::string_view kOfVersions[] = {"s3:GetObject",        "s3:DeleteObject",        "s3:GetObjectAcl",
                                              "s3:PutObjectAcl",     "s3:GetObjectAttributes", "s3:GetObjectTagging",
                                              "s3:PutObjectTagging", "s3:DeleteObjectTagging"};
  const bool has = std::find(std::begin(kOfVersions), std::end(kOfVersions), action) != std::end(kOfVersions);
  if (!has || !call.query().Has("versionId")) return action;
  const size_t behind = action.find("Object") + std::string_view("Object").size();
  return action.substr(0, behind) + "Version" + action.substr(behind);
}

Result<NamedVersion> FindVersion(Bucket& bucket, Call& call, const std::string& key, const Order& version) {
  const Result<NamedVersion> found = bucket.FindVersion(call.context(), key, version);
  if (found.status().code() == StatusCode::kNotFound) return Error(Code::kNoSuchVersion);
  PBFS_RETURN_IF_ERROR(found.status());
  // The null version has no other id.
  if (version != kNullVersion && found->is_null) return Error(Code::kNoSuchVersion);
  return *found;
}

Status NothingThere(Bucket& bucket, Call& call, const std::string& key, const std::optional<Order>& version) {
  if (version.has_value()) {
    PBFS_ASSIGN_OR_RETURN(const NamedVersion found, FindVersion(bucket, call, key, *version));
    if (found.object.has_value()) return Error(Code::kNoSuchVersion);  // it was not there a moment ago
    return WithMarker(Error(Code::kMethodNotAllowed), VersionIdOf(found))
        .WithDetail("http-Allow", "DELETE")
        .WithDetail("http-Last-Modified", s3::HttpDate(HlcMillis(found.order.hlc)));
  }
  if (bucket.versioning() == Versioning::kOff) return Error(Code::kNoSuchKey);
  PBFS_ASSIGN_OR_RETURN(const VersionPage page, bucket.ListVersions(call.context(), key, {.limit = 1, .newest = true}));
  const bool marker = !page.versions.empty() && page.versions[0].name == key && !page.versions[0].object.has_value();
  return marker ? WithMarker(Error(Code::kNoSuchKey), VersionIdOf(page.versions[0])) : Error(Code::kNoSuchKey);
}

Result<HttpFields> ChangeMetadata(Site& site, Call& call,
                                  const std::function<Status(ObjectMetadata& metadata)>& change) {
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
    const ObjectStat& stat = view.stat();
    ObjectMetadata metadata = stat.metadata;
    PBFS_RETURN_IF_ERROR(change(metadata));
    const Status changed = bucket.SetMetadata(call.context(), stat.object, metadata, stat.meta).status();
    const bool again = LostRace(changed) || changed.code() == StatusCode::kNotFound;  // changed, or replaced, meanwhile
    if (again && attempt < kTryAgain) continue;
    if (!changed.ok()) return WriteFailure(changed, Code::kOperationAborted);
    HttpFields fields;
    AddVersion(call, bucket, stat, fields);
    return fields;
  }
}

Result<Deletion> DeleteKey(Site& site, Call& call, Bucket& bucket, const std::string& key, std::string_view version_id,
                           const DeleteCheck& check) {
  std::optional<Order> version;
  if (!version_id.empty()) {
    PBFS_ASSIGN_OR_RETURN(version, ParseVersionId(version_id));
  }
  PBFS_ASSIGN_OR_RETURN(const std::optional<ObjectId> only, Checked(call, bucket, key, version, check));
  if (!version.has_value()) return DeleteCurrent(call, bucket, key, only);
  const std::string asked(version_id);
  for (int attempt = 0;; ++attempt) {
    const Result<NamedVersion> found = FindVersion(bucket, call, key, *version);
    if (s3::IsError(found.status(), Code::kNoSuchVersion)) return Deletion{asked, false};
    PBFS_RETURN_IF_ERROR(found.status());
    PBFS_RETURN_IF_ERROR(CheckUnlocked(site, call, {call.bucket(), key, asked}, found->metadata));
    if (bucket.versioning() == Versioning::kOff) {
      PBFS_RETURN_IF_ERROR(DeleteCurrent(call, bucket, key, found->object).status());
      return Deletion{asked, false};
    }
    const Status dropped = bucket.DropVersion(call.context(), *found).status();
    if (LostRace(dropped) && attempt < kTryAgain) continue;  // it may be locked now
    if (!dropped.ok() && dropped.code() != StatusCode::kNotFound) return DeleteFailure(dropped);
    return Deletion{asked, !found->object.has_value()};
  }
}

}  // namespace pbfs::gateway
