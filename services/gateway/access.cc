#include "services/gateway/access.h"

#include <algorithm>

#include "libs/s3/dates.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Decision;
using s3::Error;

void AddFromQuery(const Call& call, const char* parameter, const char* key, s3::AccessRequest& request) {
  const auto value = call.target.query.Find(parameter);
  if (value.has_value()) request.keys[key] = std::string(*value);
}

// Whoever owns the site can always mend a policy that shuts everybody out.
bool IsRepair(const std::string& action) {
  return action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" || action == "s3:DeleteBucketPolicy";
}

}  // namespace

std::string DocumentOf(const Bucket& bucket, const std::string& what) { return BucketDocument(bucket.info().id, what); }

Status Access::CheckOwner(const Call& call, const std::string& action) {
  if (call.caller.anonymous()) return Error(Code::kAccessDenied);
  if (call.caller.policy.empty()) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const s3::Policy policy, s3::Policy::ParseUser(call.caller.policy));
  s3::AccessRequest request;
  request.user = call.caller.user;
  request.action = action;
  request.resource = "arn:aws:s3:::" + call.target.bucket;
  return policy.Evaluate(request) == Decision::kAllowed ? OkStatus() : Error(Code::kAccessDenied);
}

Result<std::shared_ptr<const BucketRules>> Access::Load(const Context& context, const Bucket& bucket) {
  // Most buckets have none of them: a list of those that there are, instead of a look for each.
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> there, documents_.List(context, DocumentOf(bucket, "")));
  const auto get = [&](const char* what) -> Result<std::optional<std::string>> {
    const std::string name = DocumentOf(bucket, what);
    if (std::find(there.begin(), there.end(), name) == there.end()) return std::optional<std::string>{};
    return documents_.Get(context, name);
  };
  auto rules = std::make_shared<BucketRules>();
  PBFS_ASSIGN_OR_RETURN(const auto blocked, get("public-access-block"));
  if (blocked.has_value()) {
    PBFS_ASSIGN_OR_RETURN(rules->blocked, s3::ParsePublicAccessBlock(*blocked));
  }
  PBFS_ASSIGN_OR_RETURN(const auto encryption, get("encryption"));
  rules->encrypts = encryption.has_value();  // AES256 is all that one can say
  PBFS_ASSIGN_OR_RETURN(const auto policy, get("policy"));
  if (policy.has_value()) {
    PBFS_ASSIGN_OR_RETURN(rules->policy, s3::Policy::ParseBucket(*policy, bucket.info().settings.name));
    rules->needs_object_tags = LowerCase(*policy).find("existingobjecttag") != std::string::npos;
    rules->restricted = rules->blocked.restrict_public_buckets && rules->policy->IsPublic();
  }
  PBFS_ASSIGN_OR_RETURN(const auto cors, get("cors"));
  if (cors.has_value()) {
    PBFS_ASSIGN_OR_RETURN(rules->cors, s3::ParseCors(*cors));
  }
  PBFS_ASSIGN_OR_RETURN(const auto lifecycle, get("lifecycle"));
  if (lifecycle.has_value()) {
    PBFS_ASSIGN_OR_RETURN(rules->lifecycle, s3::ParseLifecycle(*lifecycle));
  }
  PBFS_ASSIGN_OR_RETURN(const auto lock, documents_.Get(context, DocumentOf(bucket, kLockDocument)));
  if (lock.has_value()) {
    PBFS_ASSIGN_OR_RETURN(rules->lock, s3::ParseLockConfiguration(*lock));
  }
  return std::shared_ptr<const BucketRules>(std::move(rules));
}

Result<std::shared_ptr<const BucketRules>> Access::RulesOf(const Context& context, const Bucket& bucket) {
  const MonotonicTime now = MonotonicNow();
  {
    MutexLock lock(mutex_);
    const auto found = remembered_.find(bucket.info().id);
    if (found != remembered_.end() && now < found->second.until) return found->second.rules;
  }
  PBFS_ASSIGN_OR_RETURN(auto rules, Load(context, bucket));
  MutexLock lock(mutex_);
  remembered_[bucket.info().id] = {rules, now + kRemembered};
  return rules;
}

void Access::Forget(BucketId bucket) {
  MutexLock lock(mutex_);
  remembered_.erase(bucket);
}

Result<s3::AccessRequest> Access::RequestOf(Call& call, const std::string& action, Bucket& bucket,
                                            const Resource& resource, bool with_tags) {
  const std::string& key = resource.key;
  s3::AccessRequest request;
  request.user = call.caller.user;
  request.action = action;
  request.resource = "arn:aws:s3:::" + bucket.info().settings.name + (key.empty() ? "" : "/" + key);
  request.keys["aws:sourceip"] = call.request().peer;
  request.keys["aws:securetransport"] = call.request().secure ? "true" : "false";
  request.keys["aws:currenttime"] = s3::IsoDate(clock_.NowMillis());
  request.keys["aws:epochtime"] = std::to_string(clock_.NowMillis() / 1000);
  if (!call.caller.anonymous()) request.keys["aws:username"] = call.caller.user;
  if (const auto acl = call.fields().Find("x-amz-acl"); acl.has_value())
    request.keys["s3:x-amz-acl"] = std::string(*acl);
  AddFromQuery(call, "prefix", "s3:prefix", request);
  AddFromQuery(call, "delimiter", "s3:delimiter", request);
  AddFromQuery(call, "max-keys", "s3:max-keys", request);
  if (!resource.version_id.empty()) request.keys["s3:versionid"] = resource.version_id;
  if (const auto tagging = call.fields().Find("x-amz-tagging"); tagging.has_value()) {
    PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTagging(*tagging));
    for (const auto& [name, value] : tags) request.keys["s3:requestobjecttag/" + name] = value;
  }
  if (!with_tags || key.empty()) return request;
  ViewOptions options{.newest = true};
  if (const Result<Order> version = ParseVersionId(resource.version_id); version.ok()) options.version = *version;
  const Result<ObjectView> view = bucket.Open(call.context(), key, options);
  if (view.status().code() == StatusCode::kNotFound) return request;
  PBFS_RETURN_IF_ERROR(view.status());
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(view->stat().metadata));
  for (const auto& [name, value] : tags) request.keys["s3:existingobjecttag/" + name] = value;
  return request;
}

Status Access::Check(Call& call, const std::string& action, const Resource& resource) {
  Result<Bucket> bucket = buckets_.Find(call.context(), resource.bucket);
  if (!bucket.ok()) {
    const bool hidden = call.caller.anonymous() && s3::IsError(bucket.status(), Code::kNoSuchBucket);
    return hidden ? Error(Code::kAccessDenied) : bucket.status();
  }
  PBFS_ASSIGN_OR_RETURN(const auto rules, RulesOf(call.context(), *bucket));
  std::optional<s3::Policy> of_key;
  if (!call.caller.policy.empty()) {
    PBFS_ASSIGN_OR_RETURN(of_key, s3::Policy::ParseUser(call.caller.policy));
  }
  if (!rules->policy.has_value() && !of_key.has_value())
    return call.caller.anonymous() ? Error(Code::kAccessDenied) : OkStatus();
  if (call.caller.anonymous() && rules->restricted) return Error(Code::kAccessDenied);
  if (!call.caller.anonymous() && !of_key.has_value() && IsRepair(action)) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const s3::AccessRequest request,
                        RequestOf(call, action, *bucket, resource, rules->needs_object_tags));
  const Decision by_bucket = rules->policy.has_value() ? rules->policy->Evaluate(request) : Decision::kSilent;
  const Decision by_key = of_key.has_value()        ? of_key->Evaluate(request)
                          : call.caller.anonymous() ? Decision::kSilent
                                                    : Decision::kAllowed;
  return s3::Join(by_bucket, by_key) == Decision::kAllowed ? OkStatus() : Error(Code::kAccessDenied);
}

Status Access::CheckAcl(Call& call, const HttpFields& fields) {
  if (!s3::HasPublicAcl(fields)) return OkStatus();
  const Result<Bucket> bucket = buckets_.Find(call.context(), call.bucket());
  if (!bucket.ok()) return OkStatus();  // the operation says so, or makes it
  PBFS_ASSIGN_OR_RETURN(const auto rules, RulesOf(call.context(), *bucket));
  return rules->blocked.block_public_acls ? Error(Code::kAccessDenied) : OkStatus();
}

}  // namespace pbfs::gateway
