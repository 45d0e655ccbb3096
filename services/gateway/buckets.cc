// Buckets themselves, and what is the same for all of them.
#include "libs/s3/configurations.h"
#include "libs/s3/documents.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"
#include "services/gateway/deeds.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

// The id of a bucket tells when it was made.
}  // namespace

Result<s3::ListBucketsResult> FindBuckets(Site& site, Call& call, std::string_view prefix, std::string_view after,
                                          int64_t most) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<BucketInfo> buckets, site.client.ListBuckets(call.context()));
  std::map<std::string, const BucketInfo*> by_name;
  for (const BucketInfo& info : buckets) {
    const std::string& name = info.settings.name;
    if (name > after && name.starts_with(prefix) && s3::CheckBucketName(name).ok()) by_name[name] = &info;
  }
  s3::ListBucketsResult result;
  for (const auto& [name, info] : by_name) {
    if (static_cast<int64_t>(result.buckets.size()) == most) {
      result.continuation_token = result.buckets.back().name;
      break;
    }
    result.buckets.push_back({name, CreatedMs(*info), ""});
  }
  return result;
}

Status ListBuckets(Site& site, Call& call) {
  const std::string_view asked = call.query().Get("max-buckets");
  const std::optional<int64_t> most = asked.empty() ? kMaxBucketsShown : s3::ParseNumber(asked);
  if (!most.has_value() || *most < 1 || *most > kMaxBucketsShown)
    return Error(Code::kInvalidArgument, "max-buckets must be 1 to 10000");
  const std::string_view prefix = call.query().Get("prefix"), after = call.query().Get("continuation-token");
  PBFS_ASSIGN_OR_RETURN(s3::ListBucketsResult result, FindBuckets(site, call, prefix, after, *most));
  result.owner = TheOwner();
  result.prefix = prefix;
  for (s3::ListBucketsResult::Bucket& bucket : result.buckets) bucket.region = asked.empty() ? "" : site.options.region;
  return call.SendXml(s3::ToXml(result));
}

Status MakeBucket(Site& site, Call& call, BucketSettings settings) {
  PBFS_RETURN_IF_ERROR(s3::CheckBucketName(call.bucket()));
  settings.name = call.bucket();
  settings.etag = site.options.etag;
  const BucketScheme& scheme = site.options.scheme;
  settings.k = scheme.k, settings.m = scheme.m, settings.w = scheme.w;
  const Status made = site.client.CreateBucket(call.context(), settings).status();
  return made.code() == StatusCode::kAlreadyExists ? Error(Code::kBucketAlreadyOwnedByYou) : made;
}

Status CreateBucket(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(s3::CheckBucketName(call.bucket()));  // before anything is read
  const bool locks = EqualsIgnoreCase(call.fields().Get("x-amz-bucket-object-lock-enabled"), "true");
  const std::string_view acl = call.fields().Get("x-amz-acl");
  if (!acl.empty() && acl != "private") return Error(Code::kAccessControlListNotSupported);
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const std::string location, s3::ParseCreateBucket(document));
  if (!location.empty() && location != site.options.region)
    return Error(Code::kInvalidLocationConstraint, "This site's region is " + site.options.region);
  BucketSettings settings;
  if (locks) settings.versioning = Versioning::kEnabled;
  PBFS_RETURN_IF_ERROR(MakeBucket(site, call, settings));
  if (locks) {
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, site.buckets.Find(call.context(), call.bucket(), true));
    PBFS_RETURN_IF_ERROR(EnableLock(site, call, bucket, {}));
  }
  return call.Send(200, {{"Location", "/" + call.bucket()}});
}

Status HeadBucket(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  return call.Send(200, {{"x-amz-bucket-region", site.options.region}});
}

Status DeleteBucket(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(site.buckets.Find(call.context(), call.bucket(), true).status());
  const Status gone = site.client.DeleteBucket(call.context(), call.bucket());
  site.buckets.Forget(call.bucket());
  if (gone.code() == StatusCode::kFailedPrecondition) return Error(Code::kBucketNotEmpty);
  if (gone.code() == StatusCode::kNotFound) return Error(Code::kNoSuchBucket);
  PBFS_RETURN_IF_ERROR(gone);
  return call.Send(204);
}

Status GetBucketLocation(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  return call.SendXml(s3::LocationXml(site.options.region));
}

Status GetBucketVersioning(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const Versioning versioning, bucket.FindVersioning(call.context()));
  return call.SendXml(s3::VersioningXml(versioning == Versioning::kOff       ? s3::Versioning::kNever
                                        : versioning == Versioning::kEnabled ? s3::Versioning::kEnabled
                                                                             : s3::Versioning::kSuspended));
}

namespace {

Status CheckMaySuspend(Site& site, Call& call, const Bucket& bucket) {
  PBFS_ASSIGN_OR_RETURN(const bool can_lock, CanLock(site, call, bucket));
  if (!can_lock) return OkStatus();
  return Error(Code::kInvalidBucketState, "Where versions can be locked, versioning cannot be suspended");
}

}  // namespace

Status PutBucketVersioning(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::Versioning asked, s3::ParseVersioning(document));
  const Versioning versioning = asked == s3::Versioning::kEnabled ? Versioning::kEnabled : Versioning::kSuspended;
  if (versioning == Versioning::kSuspended) PBFS_RETURN_IF_ERROR(CheckMaySuspend(site, call, bucket));
  PBFS_RETURN_IF_ERROR(bucket.SetVersioning(call.context(), versioning));
  // Locks may have been enabled in between: EnableLock.
  const Status may = versioning == Versioning::kSuspended ? CheckMaySuspend(site, call, bucket) : OkStatus();
  if (!may.ok()) PBFS_RETURN_IF_ERROR(bucket.SetVersioning(call.context(), Versioning::kEnabled));
  return may.ok() ? call.Send(200) : may;
}

Status GetBucketRequestPayment(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  s3::XmlWriter xml("RequestPaymentConfiguration");
  xml.Text("Payer", "BucketOwner");
  return call.SendXml(std::move(xml).Finish());
}

Status GetBucketLogging(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  return call.SendXml(s3::XmlWriter("BucketLoggingStatus").Finish());
}

Status GetAcl(Site& site, Call& call) {
  if (call.key().empty()) {
    PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  } else {
    PBFS_RETURN_IF_ERROR(OpenKey(site, call).status());
  }
  const s3::Owner owner = TheOwner();
  s3::XmlWriter xml("AccessControlPolicy");
  xml.Open("Owner");
  xml.Text("ID", owner.id);
  xml.Text("DisplayName", owner.display_name);
  xml.Close();
  xml.Open("AccessControlList");
  xml.Open("Grant");
  xml.Open("Grantee");
  xml.Attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
  xml.Attribute("xsi:type", "CanonicalUser");
  xml.Text("ID", owner.id);
  xml.Text("DisplayName", owner.display_name);
  xml.Close();
  xml.Text("Permission", "FULL_CONTROL");
  xml.Close();
  xml.Close();
  return call.SendXml(std::move(xml).Finish());
}

namespace {

enum class Grants { kNone, kToSomebody, kToEverybody };

// To whom an ACL grants anything but the owner, who may do everything anyway: s3cmd copies ACLs along with objects.
Result<Grants> GrantsToOthers(const std::string& document, const std::string& owner) {
  PBFS_ASSIGN_OR_RETURN(const s3::XmlReader xml, s3::XmlReader::Parse(document, "AccessControlPolicy"));
  const auto list = xml.root().Child("AccessControlList");
  if (!list.has_value()) return s3::Error(Code::kMalformedXml);
  Grants grants = Grants::kNone;
  for (const s3::XmlReader::Element& grant : list->Children("Grant")) {
    const auto grantee = grant.Child("Grantee");
    if (!grantee.has_value()) return s3::Error(Code::kMalformedXml);
    if (s3::IsPublicGroup(grantee->ChildTextOrEmpty("URI"))) return Grants::kToEverybody;
    if (grantee->ChildTextOrEmpty("ID") != owner || grant.ChildTextOrEmpty("Permission") != "FULL_CONTROL")
      grants = Grants::kToSomebody;
  }
  return grants;
}

}  // namespace

Status PutAcl(Site& site, Call& call) {
  if (call.key().empty()) {
    PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  } else {
    PBFS_RETURN_IF_ERROR(OpenKey(site, call).status());
  }
  const std::string_view acl = call.fields().Get("x-amz-acl");
  if (acl.empty()) {
    PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
    PBFS_ASSIGN_OR_RETURN(const Grants grants, GrantsToOthers(document, TheOwner().id));
    if (grants == Grants::kNone) return call.Send(200);
    PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
    PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
    const bool blocked = grants == Grants::kToEverybody && rules->blocked.block_public_acls;
    return Error(blocked ? Code::kAccessDenied : Code::kAccessControlListNotSupported);
  }
  if (acl == "private" || (acl == "bucket-owner-full-control" && !call.key().empty())) return call.Send(200);
  return Error(Code::kAccessControlListNotSupported);
}

Status DescribePatch(Site& site, Call& call) {
  if (call.fields().Has("Origin")) {
    if (call.bucket().empty()) return Error(Code::kAccessForbidden);
    PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
    PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
    PBFS_ASSIGN_OR_RETURN(HttpFields fields, s3::Preflight(rules->cors, call.request()));
    return call.Send(200, std::move(fields));
  }
  return call.Send(200, {{"Allow", "GET, HEAD, PUT, POST, DELETE, PATCH, OPTIONS"},
                         {"Accept-Patch", kAcceptPatch},
                         {"Accept-Ranges", "bytes"}});
}

}  // namespace pbfs::gateway
