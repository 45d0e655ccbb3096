#include "services/operator/key_reconciler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "libs/access/access_keys.h"
#include "services/operator/bucket_settings.h"
#include "services/operator/dependent_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render_object.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using kube::Member;
using kube::Number;
using kube::Text;

constexpr const char* kFinalizer = "pbfs.dev/access-key";
constexpr const char* kGeneration = "pbfs.dev/rotation-generation";  // annotation of the Secret
constexpr Duration kAgain = std::chrono::minutes(10);
constexpr Duration kSoon = std::chrono::seconds(5);

class KeyPass : private DependentPass {
 public:
  KeyPass(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites, Context context,
          Json object)
      : DependentPass(world, options, sites, kinds::kPbfsAccessKey, std::move(context), std::move(object)) {}

  Result<LookAgain> Run() { return Seen(IsEnding() ? Delete() : Ensure()); }

 private:
  Result<LookAgain> Ensure() {
    PBFS_RETURN_IF_ERROR(PutFinalizer(kFinalizer));
    PBFS_ASSIGN_OR_RETURN(const Reach reach, ReachCluster());
    if (reach != Reach::kReached)
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    const Result<std::string> policy = PolicyOf(spec(), [this](const std::string& name) { return BucketOf(name); });
    if (!policy.ok()) return Refused(policy.status());
    const Result<AccessKey> pair = IsImported() ? ImportedPair() : OwnPair();
    if (!pair.ok()) return Refused(pair.status());
    const Status told = TellSite(*pair, *policy);
    if (!told.ok()) return Refused(told);
    PBFS_ASSIGN_OR_RETURN(const LookAgain end, EndPrevious());
    conditions_.Set("Ready", TruthOf(IsEnabled()),
                    IsEnabled()   ? "Ready"
                    : IsExpired() ? "Expired"
                                  : "Disabled",
                    IsEnabled() ? "requests that are signed with the key are served"
                                : "the key is refused, as its object wants it");
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain(std::min(kAgain, end.value_or(kAgain)));
  }

  // Somebody has to do something, or the site to answer: the former stands in a condition.
  Result<LookAgain> Refused(const Status& status) {
    switch (status.code()) {
      case StatusCode::kInvalidArgument: return NotReady("SpecRejected", status.message(), kAgain);
      case StatusCode::kNotFound: return NotReady("NotFound", status.message(), kSoon);
      case StatusCode::kFailedPrecondition: return NotReady("SecretNameTaken", status.message(), kAgain);
      default: return status;
    }
  }

  Result<std::string> BucketOf(const std::string& name) {
    PBFS_ASSIGN_OR_RETURN(const Json bucket, world_.kube.Get(context_, {kinds::kPbfsBucket, space_, name}));
    return BucketNameOf(bucket);
  }

  // ---- the pair ----
  const Json& ImportReference() const { return Member(Member(spec(), "credentials"), "importSecretRef"); }
  bool IsImported() const { return ImportReference().is_object(); }
  std::string SecretName() const { return Text(Member(spec(), "secret"), "name", name_); }
  std::string KeyName(const char* what, const char* fallback) const {
    return Text(Member(Member(spec(), "secret"), "keys"), what, fallback);
  }
  std::string IdKey() const { return KeyName("accessKeyID", "AWS_ACCESS_KEY_ID"); }
  std::string SecretKeyName() const { return KeyName("secretAccessKey", "AWS_SECRET_ACCESS_KEY"); }
  int64_t Generation() const { return Number(Member(spec(), "rotation"), "generation", 1); }

  Result<AccessKey> ImportedPair() {
    const std::string name = Text(ImportReference(), "name");
    PBFS_ASSIGN_OR_RETURN(const Json secret, world_.kube.Get(context_, {kinds::kSecret, space_, name}));
    const StringMap values = SecretValues(secret);
    const auto id = values.find(Text(ImportReference(), "accessKeyIDKey", "AWS_ACCESS_KEY_ID"));
    const auto secret_key = values.find(Text(ImportReference(), "secretAccessKeyKey", "AWS_SECRET_ACCESS_KEY"));
    if (id == values.end() || secret_key == values.end())
      return NotFoundError(fmt::format("the Secret {} lacks a key of credentials.importSecretRef", name));
    status_["importedSecretResourceVersion"] = MetaText(secret, "resourceVersion");
    AccessKey pair;
    pair.id = id->second, pair.secret = secret_key->second;
    return pair;
  }

  // The pair in the Secret, of the generation that is wanted; a fresh one where there is none.
  Result<AccessKey> OwnPair() {
    const kube::ObjectRef ref{kinds::kSecret, space_, SecretName()};
    const Result<Json> there = world_.kube.Get(context_, ref);
    if (!there.ok() && there.status().code() != StatusCode::kNotFound) return there.status();
    StringMap values;
    if (there.ok()) {
      if (!IsOurs(*there))
        return FailedPreconditionError(fmt::format(
            "there is a Secret {} that is not this object's: give spec.secret.name another one", SecretName()));
      values = SecretValues(*there);
    }
    AccessKey pair;
    pair.id = values[IdKey()], pair.secret = values[SecretKeyName()];
    const bool newest = there.ok() && AnnotationOf(*there, kGeneration) == std::to_string(Generation());
    if (pair.id.empty() || pair.secret.empty() || !newest) pair = NewAccessKey(world_.random);
    const Json intent = SecretOf(pair);
    if (!there.ok() || !Covers(*there, intent))
      PBFS_RETURN_IF_ERROR(world_.kube.Apply(context_, kinds::kSecret, intent, kube::OnConflict::kTake).status());
    conditions_.Set("SecretSynced", Truth::kTrue, "Synced", fmt::format("the pair is in the Secret {}", SecretName()));
    status_["secretName"] = SecretName();
    status_["rotationGeneration"] = Generation();
    return pair;
  }

  bool IsOurs(const Json& secret) const {
    const Json& owners = Member(Member(secret, "metadata"), "ownerReferences");
    return owners.is_array() &&
           std::any_of(owners.begin(), owners.end(), [&](const Json& owner) { return Text(owner, "uid") == uid_; });
  }

  Json SecretOf(const AccessKey& pair) {
    const std::string id = IdKey(), secret = SecretKeyName();
    StringMap values = {
        {id, pair.id},
        {secret, pair.secret},
        {KeyName("endpoint", "AWS_ENDPOINT_URL_S3"), Text(Member(Member(cluster(), "status"), "endpoints"), "s3")},
        {KeyName("region", "AWS_REGION"), Text(Member(Member(cluster(), "spec"), "gateway"), "region", "us-east-1")}};
    if (const std::string bucket = OnlyBucket(); !bucket.empty()) values[KeyName("bucket", "BUCKET_NAME")] = bucket;
    if (const std::string ca = site_ca(); !ca.empty()) values[KeyName("ca", "ca.crt")] = ca;
    if (Member(Member(spec(), "secret"), "includeCredentialsFile") == Json(true))
      values["credentials"] =
          fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", pair.id, pair.secret);
    const Json& given = Member(spec(), "secret");
    Json labels = Member(given, "labels").is_object() ? Member(given, "labels") : Json::object();
    labels["app.kubernetes.io/managed-by"] = "pbfs-operator";
    Json annotations = Member(given, "annotations").is_object() ? Member(given, "annotations") : Json::object();
    annotations[kGeneration] = std::to_string(Generation());
    const Json owner = {{"apiVersion", kinds::kPbfsAccessKey.ApiVersion()},
                        {"kind", kinds::kPbfsAccessKey.name},
                        {"name", name_},
                        {"uid", uid_},
                        {"controller", true},
                        {"blockOwnerDeletion", true}};
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata",
             {{"name", SecretName()},
              {"namespace", space_},
              {"labels", labels},
              {"annotations", annotations},
              {"ownerReferences", Json::array({owner})}}},
            {"type", "Opaque"},
            {"data", EncodeSecretValues(values)}};
  }

  // The one bucket of the grants, where there is one.
  std::string OnlyBucket() {
    std::string only;
    const Json& grants = Member(spec(), "grants");
    for (const Json& grant : grants.is_array() ? grants : Json::array()) {
      const std::string reference = Text(Member(grant, "bucketRef"), "name");
      const std::string bucket = reference.empty() ? Text(grant, "bucketName") : BucketOf(reference).value_or("");
      if (!only.empty() && bucket != only) return "";
      only = bucket;
    }
    return only;
  }

  // ---- the site ----
  std::string UserName() const { return Text(spec(), "userName", space_ + "/" + name_); }
  int64_t Expiry() const { return SecondsOfTime(Text(spec(), "expirationTime")); }
  bool IsExpired() const { return Expiry() > 0 && Expiry() <= now_micros_ / 1'000'000; }
  bool IsEnabled() const { return Member(spec(), "disabled") != Json(true) && !IsExpired(); }

  Status TellSite(AccessKey pair, const std::string& policy) {
    AccessKeys keys(documents(), world_.clock);
    pair.user = UserName();
    pair.policy = policy;
    pair.enabled = IsEnabled();
    PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> there, keys.Find(context_, pair.id));
    const bool same = there && there->secret == pair.secret && there->user == pair.user && there->policy == policy &&
                      there->enabled == pair.enabled;
    pair.created_ms = there ? there->created_ms : world_.clock.NowMillis();
    if (!same) PBFS_RETURN_IF_ERROR(keys.Put(context_, pair));
    const std::string before = Text(status_, "accessKeyID");
    if (!before.empty() && before != pair.id) {
      const int64_t overlap = Number(Member(spec(), "rotation"), "overlapSeconds", 86'400);
      PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "previousAccessKeyID")));  // there is one previous pair at most
      status_["previousAccessKeyID"] = before;
      status_["previousExpirationTime"] = TimeText(now_micros_ + overlap * 1'000'000);
      Say("Normal", "KeyRotated",
          fmt::format("{} takes the place of {}, which ends at {}", pair.id, before,
                      status_["previousExpirationTime"].get<std::string>()));
    }
    status_["accessKeyID"] = pair.id;
    status_["userName"] = pair.user;
    return OkStatus();
  }

  // Ends the pair before this one when its time is over. Says when that will be.
  Result<LookAgain> EndPrevious() {
    const std::string previous = Text(status_, "previousAccessKeyID");
    if (previous.empty()) return LookAgain();
    const int64_t left = SecondsOfTime(Text(status_, "previousExpirationTime")) - now_micros_ / 1'000'000;
    if (left > 0) return LookAgain(std::chrono::seconds(left));
    PBFS_RETURN_IF_ERROR(Revoke(previous));
    status_.erase("previousAccessKeyID");
    status_.erase("previousExpirationTime");
    return LookAgain();
  }

  Status Revoke(const std::string& id) {
    if (id.empty()) return OkStatus();
    const Status gone = AccessKeys(documents(), world_.clock).Delete(context_, id);
    return gone.code() == StatusCode::kNotFound ? OkStatus() : gone;
  }

  Result<LookAgain> Delete() {
    if (!HasFinalizer(kFinalizer)) return LookAgain();
    PBFS_ASSIGN_OR_RETURN(const Reach reach, ReachCluster());
    if (reach == Reach::kReached && Text(spec(), "deletionPolicy", "Revoke") == "Revoke") {
      PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "accessKeyID")));
      PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "previousAccessKeyID")));
      PBFS_RETURN_IF_ERROR(RevokePairInSecret());
    } else if (reach == Reach::kNotNow && !IsForced()) {
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    }
    PBFS_RETURN_IF_ERROR(DropFinalizer());
    return LookAgain();
  }

  // A pair that the site may know and no status names yet: a look ended between the two.
  Status RevokePairInSecret() {
    const Result<Json> secret = world_.kube.Get(context_, {kinds::kSecret, space_, SecretName()});
    if (secret.status().code() == StatusCode::kNotFound) return OkStatus();
    PBFS_RETURN_IF_ERROR(secret.status());
    return IsOurs(*secret) ? Revoke(SecretValues(*secret)[IdKey()]) : OkStatus();
  }
};

}  // namespace

Result<LookAgain> KeyReconciler::Reconcile(const Context& context, const std::string& space, const std::string& name) {
  Result<Json> object = world_.kube.Get(context, {kinds::kPbfsAccessKey, space, name});
  if (object.status().code() == StatusCode::kNotFound) return LookAgain();
  PBFS_RETURN_IF_ERROR(object.status());
  return KeyPass(world_, options_, sites_, context, *std::move(object)).Run();
}

}  // namespace pbfs::operators
