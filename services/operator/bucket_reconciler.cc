#include "services/operator/bucket_reconciler.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "services/operator/bucket_settings.h"
#include "services/operator/dependent_pass.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

constexpr const char* kFinalizer = "pbfs.dev/bucket";
constexpr Duration kAgain = std::chrono::minutes(10);  // the site is looked at even if nothing changed here
constexpr Duration kSoon = std::chrono::seconds(5);
constexpr Duration kBlocked = std::chrono::seconds(30);
constexpr int32_t kDeletedAtOnce = 500;  // names or versions in one look

class BucketPass : private DependentPass {
 public:
  BucketPass(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites, Context context,
             Json object)
      : DependentPass(world, options, sites, kube::kinds::kPbfsBucket, std::move(context), std::move(object)),
        bucket_(BucketNameOf(object_)) {}

  Result<LookAgain> Run() { return Seen(IsEnding() ? Delete() : Ensure()); }

 private:
  Result<LookAgain> Ensure() {
    PBFS_RETURN_IF_ERROR(PutFinalizer(kFinalizer));
    PBFS_ASSIGN_OR_RETURN(const Reach reach, ReachCluster());
    if (reach != Reach::kReached)
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    const Result<StringMap> documents = BucketDocuments(spec(), bucket_);
    if (!documents.ok()) return NotReady("SpecRejected", documents.status().message(), kAgain);
    PBFS_ASSIGN_OR_RETURN(const bool ours, Claim());
    if (!ours) return NotReady("NameConflict", conditions_.MessageOf("NameConflict"), kBlocked);
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, OpenOrMake());
    const Status settled = Settle(bucket, *documents);
    if (settled.code() == StatusCode::kInvalidArgument) return NotReady("SpecRejected", settled.message(), kAgain);
    PBFS_RETURN_IF_ERROR(settled);
    Describe(bucket);
    conditions_.Set("Ready", Truth::kTrue, "Ready", "the bucket is as its object says");
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain(kAgain);
  }

  std::string ClaimName() const { return "claim/" + bucket_; }
  std::string OwnClaim() const { return Json{{"uid", uid_}, {"namespace", space_}, {"name", name_}}.dump(); }

  // Whether the bucket is this object's, from now on.
  Result<bool> Claim() {
    PBFS_ASSIGN_OR_RETURN(const auto claim, documents().Get(context_, ClaimName()));
    const Json owner = claim ? kube::ParseJson(*claim).value_or(Json()) : Json();
    const std::string space = kube::Text(owner, "namespace"), name = kube::Text(owner, "name");
    const bool is_namesake = space == space_ && name == name_;  // there is one of a name, so an earlier one is gone
    if (claim && !is_namesake) {
      Conflict(fmt::format("the bucket {} is that of the PBFSBucket {}/{}", bucket_, space, name));
      return false;
    }
    if (kube::Text(owner, "uid") != uid_) {
      const Status there = site().client().OpenBucket(context_, bucket_).status();
      if (!there.ok() && there.code() != StatusCode::kNotFound) return there;
      if (there.ok() && kube::Text(spec(), "adoptionPolicy", "Never") != "IfUnowned") {
        Conflict(fmt::format("there is a bucket {} already: spec.adoptionPolicy: IfUnowned takes it over", bucket_));
        return false;
      }
      PBFS_RETURN_IF_ERROR(claim ? documents().Put(context_, ClaimName(), OwnClaim())
                                 : documents().PutNew(context_, ClaimName(), OwnClaim()));
      if (there.ok()) Say("Normal", "BucketAdopted", fmt::format("took over the bucket {}", bucket_));
    }
    conditions_.Set("NameConflict", Truth::kFalse, "NoConflict", "no other object has this bucket");
    return true;
  }
  void Conflict(const std::string& message) { conditions_.Set("NameConflict", Truth::kTrue, "NameTaken", message); }

  Result<Bucket> OpenOrMake() {
    Result<Bucket> there = site().client().OpenBucket(context_, bucket_);
    if (there.status().code() != StatusCode::kNotFound) return there;
    const RedundancySpec redundancy = ParseSpec(kube::Member(cluster(), "spec")).spec.redundancy;
    Result<Bucket> made = site().client().CreateBucket(context_, SettingsOf(spec(), bucket_, redundancy));
    if (made.ok()) Say("Normal", "BucketCreated", fmt::format("made the bucket {}", bucket_));
    return made;
  }

  Status Settle(Bucket& bucket, const StringMap& documents) {
    PBFS_RETURN_IF_ERROR(Remember(documents));
    // The lock before versioning, as gateways do: who suspends versions meanwhile sees it.
    for (const auto& [what, document] : documents) {
      const std::string name = BucketDocument(bucket.info().id, what);
      PBFS_ASSIGN_OR_RETURN(const auto there, this->documents().Get(context_, name));
      if (there != document) PBFS_RETURN_IF_ERROR(this->documents().Put(context_, name, document));
    }
    PBFS_RETURN_IF_ERROR(DropUnwanted(bucket, documents));
    PBFS_ASSIGN_OR_RETURN(const Versioning now, bucket.FindVersioning(context_));
    const Versioning wanted = VersioningOf(spec());
    if (now == wanted || wanted == Versioning::kOff) return OkStatus();
    PBFS_ASSIGN_OR_RETURN(const auto lock,
                          this->documents().Get(context_, BucketDocument(bucket.info().id, kLockDocument)));
    if (lock && wanted == Versioning::kSuspended)
      return InvalidArgumentError("spec.versioning: versions of the bucket can be locked, so they cannot be suspended");
    return bucket.SetVersioning(context_, wanted);
  }

  // What the object once said and says no more. What it never said is the user's.
  Status DropUnwanted(const Bucket& bucket, const StringMap& documents) {
    const Json& before = kube::Member(status_, "managedSettings");
    for (const Json& what : before.is_array() ? before : Json::array())
      if (what.is_string() && what != kLockDocument && !documents.contains(what.get<std::string>()))
        PBFS_RETURN_IF_ERROR(
            this->documents().Delete(context_, BucketDocument(bucket.info().id, what.get<std::string>())));
    status_["managedSettings"] = NamesOf(documents);
    return OkStatus();
  }
  static Json NamesOf(const StringMap& documents) {
    Json names = Json::array();
    for (const auto& [what, document] : documents) names.push_back(what);
    return names;
  }

  // The status names what the object says before the site has it, so that a look which ends in between forgets nothing.
  Status Remember(const StringMap& documents) {
    Json all = kube::Member(status_, "managedSettings");
    if (!all.is_array()) all = Json::array();
    const size_t before = all.size();
    for (const Json& what : NamesOf(documents))
      if (std::find(all.begin(), all.end(), what) == all.end()) all.push_back(what);
    if (all.size() == before) return OkStatus();
    status_["managedSettings"] = std::move(all);
    return WriteStatus();
  }

  void Describe(const Bucket& bucket) {
    status_["bucketName"] = bucket_;
    status_["bucketID"] = bucket.info().id.ToString();
    status_["shard"] = 0;
    status_["endpoint"] = kube::Text(kube::Member(kube::Member(cluster(), "status"), "endpoints"), "s3");
    status_["region"] = kube::Text(kube::Member(kube::Member(cluster(), "spec"), "gateway"), "region", "us-east-1");
  }

  Result<LookAgain> Delete() {
    if (!HasFinalizer(kFinalizer)) return LookAgain();
    PBFS_ASSIGN_OR_RETURN(const Reach reach, ReachCluster());
    if (reach == Reach::kReached) {
      PBFS_ASSIGN_OR_RETURN(const LookAgain wait, Release());
      if (wait) return wait;
    } else if (reach != Reach::kNoCluster && !IsForced()) {
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    }
    PBFS_RETURN_IF_ERROR(DropFinalizer());
    return LookAgain();
  }

  // The bucket's end, as the policy has it. An answer: not yet.
  Result<LookAgain> Release() {
    PBFS_ASSIGN_OR_RETURN(const auto claim, documents().Get(context_, ClaimName()));
    if (!claim || kube::Text(kube::ParseJson(*claim).value_or(Json()), "uid") != uid_)
      return LookAgain();  // it was never ours
    const std::string policy = kube::Text(spec(), "deletionPolicy", "Retain");
    if (policy != "Retain") {
      Result<Bucket> bucket = site().client().OpenBucket(context_, bucket_);
      if (bucket.ok()) {
        PBFS_ASSIGN_OR_RETURN(const LookAgain wait, Remove(*bucket, policy == "Delete"));
        if (wait) return wait;
      } else if (bucket.status().code() != StatusCode::kNotFound) {
        return bucket.status();
      }
    }
    PBFS_RETURN_IF_ERROR(documents().Delete(context_, ClaimName()));
    return LookAgain();
  }

  Result<LookAgain> Remove(Bucket& bucket, bool with_content) {
    if (with_content) {
      PBFS_ASSIGN_OR_RETURN(const auto lock,
                            documents().Get(context_, BucketDocument(bucket.info().id, kLockDocument)));
      if (!lock) {
        PBFS_ASSIGN_OR_RETURN(const bool more, EmptySome(bucket));
        if (more) return LookAgain(Duration::zero());
      }
    }
    const Status gone = site().client().DeleteBucket(context_, bucket_);
    if (gone.code() == StatusCode::kFailedPrecondition) {
      Warn("DeletionBlocked", Truth::kTrue, "DeletionBlocked",
           fmt::format("the bucket {} is not empty{}: empty it, or let spec.deletionPolicy be Retain", bucket_,
                       with_content ? ", and its versions can be locked" : ""));
      PBFS_RETURN_IF_ERROR(WriteStatus());
      return LookAgain(kBlocked);
    }
    if (!gone.ok() && gone.code() != StatusCode::kNotFound) return gone;
    Say("Normal", "BucketDeleted", fmt::format("deleted the bucket {}", bucket_));
    return LookAgain();
  }

  // Deletes some of what is there. True: there may be more.
  Result<bool> EmptySome(Bucket& bucket) {
    VersionListOptions options;
    options.limit = kDeletedAtOnce;
    options.newest = true;
    PBFS_ASSIGN_OR_RETURN(const Versioning versioning, bucket.FindVersioning(context_));
    if (versioning != Versioning::kOff) {
      PBFS_ASSIGN_OR_RETURN(const VersionPage page, bucket.ListVersions(context_, "", options));
      for (const NamedVersion& version : page.versions)
        PBFS_RETURN_IF_ERROR(bucket.DropVersion(context_, version).status());
      return !page.versions.empty();
    }
    ListOptions names;
    names.limit = kDeletedAtOnce;
    names.newest = true;
    PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket.ListNames(context_, "", names));
    for (const NamedObject& named : page.names) {
      const Status unbound = bucket.Unbind(context_, named.name).status();
      if (!unbound.ok() && unbound.code() != StatusCode::kNotFound) return unbound;
    }
    return !page.names.empty();
  }

  const std::string bucket_;
};

}  // namespace

Result<LookAgain> BucketReconciler::Reconcile(const Context& context, const std::string& space,
                                              const std::string& name) {
  Result<Json> object = world_.kube.Get(context, {kube::kinds::kPbfsBucket, space, name});
  if (object.status().code() == StatusCode::kNotFound) return LookAgain();
  PBFS_RETURN_IF_ERROR(object.status());
  return BucketPass(world_, options_, sites_, context, *std::move(object)).Run();
}

}  // namespace pbfs::operators
