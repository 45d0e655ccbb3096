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
#include "services/operator/site_identity.h"

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
    if (reach == Reach::kNotAllowed) PBFS_RETURN_IF_ERROR(Disable());  // access stops, and nothing is deleted
    if (reach != Reach::kReached)
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    // What ends does so whatever else is wrong with the object.
    if (!IsEnabled()) PBFS_RETURN_IF_ERROR(Disable());
    PBFS_RETURN_IF_ERROR(EndPrevious());
    const Result<std::string> policy = PolicyOf(spec(), [this](const std::string& name) { return BucketOf(name); });
    if (!policy.ok()) return Refused(policy.status());
    const Result<AccessKey> pair = IsImported() ? ImportedPair() : OwnPair();
    if (!pair.ok()) return Refused(pair.status());
    PBFS_RETURN_IF_ERROR(Record(pair->id));
    const Status told = TellSite(*pair, *policy);
    if (!told.ok()) return Refused(told);
    PBFS_RETURN_IF_ERROR(EndPrevious());  // of a rotation without overlap
    conditions_.Set("Ready", TruthOf(IsEnabled()),
                    IsEnabled()   ? "Ready"
                    : IsExpired() ? "Expired"
                                  : "Disabled",
                    IsEnabled() ? "requests that are signed with the key are served"
                                : "the key is refused, as its object wants it");
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain(NotLaterThanEnds(kAgain));
  }

  // Somebody has to do something, or the site to answer: the former stands in a condition.
  Result<LookAgain> Refused(const Status& status) {
    if (const auto reason = status.Detail(kReasonDetail))
      return NotReady(std::string(*reason), status.message(), NotLaterThanEnds(kAgain));
    switch (status.code()) {
      case StatusCode::kInvalidArgument: return NotReady("SpecRejected", status.message(), NotLaterThanEnds(kAgain));
      case StatusCode::kNotFound: return NotReady("NotFound", status.message(), kSoon);
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
  std::string GenerationText() const { return std::to_string(Generation()); }
  bool IsRotationDue() const { return Number(status_, "rotationGeneration") != Generation(); }

  Result<AccessKey> ImportedPair() {
    const std::string name = Text(ImportReference(), "name");
    PBFS_ASSIGN_OR_RETURN(const Json secret, world_.kube.Get(context_, {kinds::kSecret, space_, name}));
    const StringMap values = SecretValues(secret);
    const auto id = values.find(Text(ImportReference(), "accessKeyIDKey", "AWS_ACCESS_KEY_ID"));
    const auto secret_key = values.find(Text(ImportReference(), "secretAccessKeyKey", "AWS_SECRET_ACCESS_KEY"));
    if (id == values.end() || secret_key == values.end())
      return NotFoundError(fmt::format("the Secret {} lacks a key of credentials.importSecretRef", name));
    AccessKey pair;
    pair.id = id->second, pair.secret = secret_key->second;
    PBFS_RETURN_IF_ERROR(CheckPair(pair).Annotate("the Secret " + name));
    PBFS_RETURN_IF_ERROR(CheckFree(pair));
    status_["importedSecretResourceVersion"] = MetaText(secret, "resourceVersion");
    return pair;
  }

  // A pair that the site has already is its holder's: who shows another secret, or is somebody else, would take it away.
  Status CheckFree(const AccessKey& pair) {
    if (pair.id == Text(status_, "accessKeyID") || pair.id == Text(status_, "previousAccessKeyID")) return OkStatus();
    PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> there, FindKey(pair.id));
    if (!there || (there->secret == pair.secret && there->user == UserName())) return OkStatus();
    return FailedPreconditionError(fmt::format("the site has an access key {} already, of another user", pair.id))
        .WithDetail(kReasonDetail, "AccessKeyTaken");
  }

  // The pair in the Secret, of the generation that is wanted; a fresh one where there is none.
  Result<AccessKey> OwnPair() {
    const kube::ObjectRef ref{kinds::kSecret, space_, SecretName()};
    const Result<Json> there = world_.kube.Get(context_, ref);
    if (!there.ok() && there.status().code() != StatusCode::kNotFound) return there.status();
    if (there.ok() && !IsOurs(*there)) return SecretNameTaken();
    PBFS_ASSIGN_OR_RETURN(const AccessKey pair, there.ok() ? PairFor(*there) : NewAccessKey(world_.random));
    const Json intent = WithHash(SecretOf(pair));
    if (!there.ok() || !Covers(*there, intent))
      PBFS_RETURN_IF_ERROR(world_.kube.Apply(context_, kinds::kSecret, intent, kube::OnConflict::kTake).status());
    conditions_.Set("SecretSynced", Truth::kTrue, "Synced", fmt::format("the pair is in the Secret {}", SecretName()));
    status_["secretName"] = SecretName();
    return pair;
  }

  Status SecretNameTaken() {
    const std::string message =
        fmt::format("there is a Secret {} that is not this object's: give spec.secret.name another one", SecretName());
    conditions_.Set("SecretSynced", Truth::kFalse, "SecretNameTaken", message);
    return FailedPreconditionError(message).WithDetail(kReasonDetail, "SecretNameTaken");
  }

  // What a Secret of ours has to hold: what the site has, which puts an edited one right; or what an earlier look left there that could
  // not tell the site; or a fresh pair.
  Result<AccessKey> PairFor(const Json& secret) {
    StringMap values = SecretValues(secret);
    AccessKey pair;
    pair.id = values[IdKey()], pair.secret = values[SecretKeyName()];
    const std::string known = Text(status_, "accessKeyID");
    const bool is_known = !known.empty() && (pair.id.empty() || pair.id == known);
    const bool is_wanted = is_known ? !IsRotationDue() : AnnotationOf(secret, kGeneration) == GenerationText();
    if (!is_wanted) return NewAccessKey(world_.random);
    PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> there, FindKey(is_known ? known : pair.id));
    if (is_known && there) return *there;
    // The site knows no pair before the status names it: one that it does know is somebody else's.
    return !there && CheckPair(pair).ok() ? pair : NewAccessKey(world_.random);
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
    annotations[kGeneration] = GenerationText();
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
  bool IsExpired() const {
    const std::string end = Text(spec(), "expirationTime");
    return !end.empty() && SecondsUntil(end) <= 0;
  }
  bool IsEnabled() const { return Member(spec(), "disabled") != Json(true) && !IsExpired(); }

  Result<std::optional<AccessKey>> FindKey(const std::string& id) {
    return AccessKeys(documents(), world_.clock).Find(context_, id);
  }

  // The status names every pair before the site knows it, so that each ends some day.
  Status Record(const std::string& id) {
    const std::string before = Text(status_, "accessKeyID");
    if (before == id && !IsRotationDue()) return OkStatus();
    if (!before.empty() && before != id) PBFS_RETURN_IF_ERROR(Succeed(before, id));
    status_["accessKeyID"] = id;
    status_["userName"] = UserName();
    status_["rotationGeneration"] = Generation();
    return WriteStatus();
  }

  // Ends the pair that another takes the place of: in a while if that was asked for; at once if its Secret was deleted, or made another.
  Status Succeed(const std::string& before, const std::string& id) {
    if (!IsImported() && !IsRotationDue()) return Revoke(before);
    PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "previousAccessKeyID")));  // there is one previous pair at most
    const std::string end =
        TimeText(now_micros_ + Number(Member(spec(), "rotation"), "overlapSeconds", 86'400) * 1'000'000);
    status_["previousAccessKeyID"] = before;
    status_["previousExpirationTime"] = end;
    Say("Normal", "KeyRotated", fmt::format("{} takes the place of {}, which ends at {}", id, before, end));
    return OkStatus();
  }

  Status TellSite(const AccessKey& pair, const std::string& policy) {
    PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> there, FindKey(pair.id));
    PBFS_RETURN_IF_ERROR(PutKey(pair, there, policy));
    // The previous pair may what this one may.
    PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> previous, FindKey(Text(status_, "previousAccessKeyID")));
    return previous ? PutKey(*previous, previous, policy) : OkStatus();
  }
  Status PutKey(AccessKey key, const std::optional<AccessKey>& there, const std::string& policy) {
    key.user = UserName();
    key.policy = policy;
    key.enabled = IsEnabled();
    key.created_ms = there ? there->created_ms : world_.clock.NowMillis();
    const bool same = there && there->secret == key.secret && there->user == key.user && there->policy == policy &&
                      there->enabled == key.enabled;
    return same ? OkStatus() : AccessKeys(documents(), world_.clock).Put(context_, key);
  }

  // Both pairs are refused from now on.
  Status Disable() {
    for (const char* which : {"accessKeyID", "previousAccessKeyID"}) {
      const std::string id = Text(status_, which);
      PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> there, FindKey(id));
      if (there && there->enabled)
        PBFS_RETURN_IF_ERROR(AccessKeys(documents(), world_.clock).SetEnabled(context_, id, false));
    }
    return OkStatus();
  }

  // Ends the pair before this one when its time is over.
  Status EndPrevious() {
    const std::string previous = Text(status_, "previousAccessKeyID");
    if (previous.empty() || SecondsUntil(Text(status_, "previousExpirationTime")) > 0) return OkStatus();
    PBFS_RETURN_IF_ERROR(Revoke(previous));
    status_.erase("previousAccessKeyID");
    status_.erase("previousExpirationTime");
    return OkStatus();
  }

  int64_t SecondsUntil(const std::string& time) const { return SecondsOfTime(time) - now_micros_ / 1'000'000; }
  // `again`, or when a pair ends, if that is sooner.
  Duration NotLaterThanEnds(Duration again) const {
    for (const std::string& end : {Text(spec(), "expirationTime"), Text(status_, "previousExpirationTime")})
      if (const int64_t left = SecondsUntil(end); left > 0)
        again = std::min<Duration>(again, std::chrono::seconds(left));
    return again;
  }

  Status Revoke(const std::string& id) {
    if (id.empty()) return OkStatus();
    const Status gone = AccessKeys(documents(), world_.clock).Delete(context_, id);
    return gone.code() == StatusCode::kNotFound ? OkStatus() : gone;
  }

  Result<LookAgain> Delete() {
    if (!HasFinalizer(kFinalizer)) return LookAgain();
    if (Text(spec(), "deletionPolicy", "Revoke") == "Retain") {
      PBFS_RETURN_IF_ERROR(KeepSecret());
      PBFS_RETURN_IF_ERROR(DropFinalizer());
      return LookAgain();
    }
    PBFS_ASSIGN_OR_RETURN(const Reach reach, ReachCluster());
    if (reach == Reach::kReached || reach == Reach::kNotAllowed) {
      PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "accessKeyID")));
      PBFS_RETURN_IF_ERROR(Revoke(Text(status_, "previousAccessKeyID")));
    } else if (reach == Reach::kNotNow && !IsForced()) {
      return NotReady(conditions_.ReasonOf("ClusterReachable"), conditions_.MessageOf("ClusterReachable"), kSoon);
    }
    PBFS_RETURN_IF_ERROR(DropFinalizer());
    return LookAgain();
  }

  // A pair that goes on needs its Secret, which would go with its owner.
  Status KeepSecret() {
    const Result<Json> secret = world_.kube.Get(context_, {kinds::kSecret, space_, SecretName()});
    if (secret.status().code() == StatusCode::kNotFound) return OkStatus();
    PBFS_RETURN_IF_ERROR(secret.status());
    if (!IsOurs(*secret)) return OkStatus();
    const Json& metadata = Member(*secret, "metadata");
    const Json intent = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata",
                          {{"name", SecretName()},
                           {"namespace", space_},
                           {"labels", Member(metadata, "labels")},
                           {"annotations", Member(metadata, "annotations")}}},
                         {"type", Text(*secret, "type", "Opaque")},
                         {"data", Member(*secret, "data")}};
    return world_.kube.Apply(context_, kinds::kSecret, intent, kube::OnConflict::kTake).status();
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
