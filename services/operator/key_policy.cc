#include <algorithm>
#include <array>
#include <functional>

#include "libs/kube/kube_json.h"
#include "libs/s3/policy.h"
#include "libs/s3/target.h"
#include "services/operator/key_reconciler.h"

namespace pbfs::operators {
namespace {

using kube::Member;
using kube::Text;

struct Access {
  const char* word;
  std::vector<const char*> of_bucket, of_objects;
};
const std::array<Access, 5>& AllAccess() {
  static const std::array<Access, 5> all{
      {{"Read", {"s3:GetBucketLocation"}, {"s3:GetObject*"}},
       {"Write", {"s3:GetBucketLocation"}, {"s3:PutObject*", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}},
       {"List",
        {"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation"},
        {}},
       {"Delete", {}, {"s3:DeleteObject*"}},
       {"Admin", {"s3:*"}, {"s3:*"}}}};
  return all;
}

bool Has(const Json& words, const char* word) {
  return words.is_array() && std::find(words.begin(), words.end(), word) != words.end();
}

Json Allow(const Json& actions, const std::string& resource) {
  return {{"Effect", "Allow"}, {"Action", actions}, {"Resource", resource}};
}

// What of a bucket is asked for with a prefix.
constexpr std::array kLists{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"};

// With a prefix a grant reaches nothing but what begins with it: of the bucket it lists that, and is told where the bucket is. Its settings
// would give the rest away, whoever may change them.
void AddForPrefix(const Json& actions, const std::string& bucket, const std::string& prefix, Json& statements) {
  const bool all = Has(actions, "s3:*");
  Json lists = Json::array();
  for (const char* list : kLists)
    if (all || Has(actions, list)) lists.push_back(list);
  if (!lists.empty()) {
    Json statement = Allow(lists, bucket);
    statement["Condition"] = {{"StringLike", {{"s3:prefix", prefix + "*"}}}};
    statements.push_back(std::move(statement));
  }
  if (all || Has(actions, "s3:GetBucketLocation"))
    statements.push_back(Allow(Json::array({"s3:GetBucketLocation"}), bucket));
}

void AddGrant(const Json& grant, const std::string& bucket, Json& statements) {
  const std::string prefix = Text(grant, "prefix"), resource = "arn:aws:s3:::" + bucket;
  Json of_bucket = Json::array(), of_objects = Json::array();
  for (const Access& access : AllAccess()) {
    if (!Has(Member(grant, "access"), access.word)) continue;
    for (const char* action : access.of_bucket)
      if (!Has(of_bucket, action)) of_bucket.push_back(action);
    for (const char* action : access.of_objects) of_objects.push_back(action);
  }
  if (!prefix.empty())
    AddForPrefix(of_bucket, resource, prefix, statements);
  else if (!of_bucket.empty())
    statements.push_back(Allow(of_bucket, resource));
  if (!of_objects.empty()) statements.push_back(Allow(of_objects, resource + "/" + prefix + "*"));
}

// Policies take * and ? for anything, and have no way to mean just these.
Status CheckGrant(const Json& grant, const std::string& bucket) {
  PBFS_RETURN_IF_ERROR(s3::CheckBucketName(bucket).Annotate("spec.grants: the bucket " + bucket));
  if (Text(grant, "prefix").find_first_of("*?$") != std::string::npos)
    return InvalidArgumentError("spec.grants: a prefix cannot have the characters * ? $");
  return OkStatus();
}

}  // namespace

Result<std::string> PolicyOf(const Json& spec,
                             const std::function<Result<std::string>(const std::string&)>& bucket_of) {
  const std::string own = Text(spec, "policy");
  Json statements = Json::array();
  const Json& grants = Member(spec, "grants");
  for (const Json& grant : grants.is_array() ? grants : Json::array()) {
    std::string bucket = Text(grant, "bucketName");
    if (const std::string reference = Text(Member(grant, "bucketRef"), "name"); !reference.empty()) {
      PBFS_ASSIGN_OR_RETURN(bucket, bucket_of(reference));
    }
    PBFS_RETURN_IF_ERROR(CheckGrant(grant, bucket));
    AddGrant(grant, bucket, statements);
  }
  if (Member(spec, "createBuckets") == Json(true))
    statements.push_back(Allow(Json::array({"s3:CreateBucket", "s3:ListAllMyBuckets"}), "*"));
  if (statements.empty()) statements.push_back({{"Effect", "Deny"}, {"Action", "s3:*"}, {"Resource", "*"}});
  const std::string policy =
      own.empty() ? Json{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}}.dump() : own;
  const auto parsed = s3::Policy::ParseUser(policy);
  return parsed.ok() ? Result<std::string>(policy)
                     : Result<std::string>(InvalidArgumentError("spec.policy: " + parsed.status().message()));
}

}  // namespace pbfs::operators
