#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "libs/crypto/file_hash.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render_config.h"

/// Another authority, because spec.tls.caGeneration was raised. Nobody may meet a certificate of an authority that he does not trust yet, so
/// each step waits for proof that the one before has arrived everywhere:
///
///   Widening   there is another authority, and the bundle has both
///   Trusting   every process says that it has this bundle, and every Secret of an access key has it
///   Settling   as long again as kubelets take, for those who say nothing: members of PostgreSQL, users' pods
///   Issuing    certificates are of the new authority; every process has its own, and every server shows it
///   Dropping   the bundle has the new authority alone; then the one before is forgotten
///
/// The Secret of the authority holds both pairs until the end.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kStep = std::chrono::seconds(5), kCall = std::chrono::seconds(3);
constexpr int64_t kKubeletSeconds = 180;  // a kubelet looks at what is mounted every minute and a half
constexpr int64_t kReloadSeconds = 30;    // a process at its files every ten seconds
constexpr const char* kCondition = "CertificatesRotating";

// It reads what is mounted now: others begin with what there is then, or end.
bool Runs(const Json& pod) {
  return !IsBeingDeleted(pod) && kube::Text(kube::Member(pod, "status"), "phase") == "Running";
}

const Part* PartOf(const Json& pod) {
  const std::string component = LabelOf(pod, kComponentLabel);
  const auto part =
      std::find_if(kParts.begin(), kParts.end(), [&](const Part& one) { return one.component == component; });
  return part == kParts.end() ? nullptr : &*part;
}

// Where a pod shows its certificate; 0: nowhere.
int PortOf(const Json& pod) {
  const std::string component = LabelOf(pod, kComponentLabel);
  if (component == kFragmentStore.component) return kStorePort;
  if (component == kCatalog.component) return kCatalogPort;
  return component == kPostgres.component ? kPatroniPort : 0;
}

std::string AddressOf(const Json& pod, int port) {
  const std::string ip = kube::Text(kube::Member(pod, "status"), "podIP");
  return ip.find(':') == std::string::npos ? fmt::format("{}:{}", ip, port) : fmt::format("[{}]:{}", ip, port);
}

Status Await(const std::string& pod, const std::string& what, const Status& why) {
  return FailedPreconditionError(
      fmt::format("waits until the pod {} {}{}", pod, what, why.ok() ? "" : " (" + why.message() + ")"));
}

}  // namespace

Succession ClusterPass::SuccessionNow() const {
  if (!IsUnderWay(kRotateAuthority)) return Succession::kNone;
  const std::string step = kube::Text(kube::Member(status_, "operation"), "step");
  if (step == "Issuing" || step == "Settled") return Succession::kIssues;
  return step == "Dropping" ? Succession::kAlone : Succession::kTrusted;
}

bool ClusterPass::IsRotationDue() const {
  const Json& tls = kube::Member(status_, "tls");
  return !kube::Text(tls, "caFingerprint").empty() && !NeededCertificates(intent_).empty() &&
         kube::Member(tls, "caGeneration").is_number() &&
         intent_.spec.tls.ca_generation > kube::Number(tls, "caGeneration");
}

// True: it was about this operation.
bool ClusterPass::StepRotation() {
  const bool under_way = IsUnderWay(kRotateAuthority);
  if (!under_way && (status_.contains("operation") || !IsRotationDue())) return false;
  const Status stepped = under_way ? RotateOn() : BeginRotation();
  again_ = std::min(again_, kStep);
  if (!IsUnderWay(kRotateAuthority)) {
    conditions_.Drop(kCondition);
    return under_way;
  }
  const std::string step = kube::Text(status_["operation"], "step");
  conditions_.Set(kCondition, Truth::kTrue, step, stepped.ok() ? "another authority takes over" : stepped.message());
  return true;
}

Status ClusterPass::BeginRotation() {
  if (!conditions_.IsTrue("CertificatesValid")) return OkStatus();
  const std::string now = TimeText(now_micros_);
  status_["operation"] = {{"type", kRotateAuthority},
                          {"id", fmt::format("ca-{}", intent_.spec.tls.ca_generation)},
                          {"step", "Widening"},
                          {"startTime", now},
                          {"lastProgressTime", now}};
  PBFS_RETURN_IF_ERROR(WriteStatus());  // before the first side effect
  Say("Normal", "CARotationStarted", "another authority is made, and trusted beside the one before");
  return OkStatus();
}

Status ClusterPass::RotateOn() {
  const std::string step = kube::Text(status_["operation"], "step");
  if (!conditions_.IsTrue("CertificatesValid"))
    return FailedPreconditionError(conditions_.MessageOf("CertificatesValid"));
  if (step == "Settling") {
    if (SecondsSinceProgress() >= kKubeletSeconds) GoOn("Issuing", "");
    return OkStatus();
  }
  if (step == "Settled") {
    if (SecondsSinceProgress() >= kReloadSeconds) GoOn("Dropping", "");
    return OkStatus();
  }
  if (!IsBundlePut(live_, name_, SuccessionNow())) return OkStatus();  // the next look does
  if (step == "Widening") {
    GoOn("Trusting", "");
    return OkStatus();
  }
  if (step == "Dropping") return EndRotation();
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList pods,
                        world_.kube.List(context_, {kinds::kPod, space_, fmt::format("{}={}", kClusterLabel, name_)}));
  for (const Json& pod : pods.items)
    if (Runs(pod)) PBFS_RETURN_IF_ERROR(step == "Trusting" ? CheckTrust(pod) : CheckOwn(pod));
  if (step == "Trusting") PBFS_RETURN_IF_ERROR(CheckKeys());
  GoOn(step == "Trusting" ? "Settling" : "Settled", "");
  return OkStatus();
}

Status ClusterPass::CheckFile(const Json& pod, const char* file, const std::string& text) {
  const Result<uint32_t> hash = world_.probe.HashOfFile(context_.Within(kCall), AddressOf(pod, kMetricsPort),
                                                        fmt::format("{}/{}", kTlsFolder, file));
  if (hash.ok() && *hash == FileHash(text)) return OkStatus();
  return Await(MetaText(pod, "name"), fmt::format("has the new {}", file), hash.status());
}

Status ClusterPass::CheckTrust(const Json& pod) {
  if (PartOf(pod) == nullptr) return OkStatus();
  const Json* bundle = live_.Find(kinds::kConfigMap, BundleName(name_));
  return CheckFile(pod, kBundleKey, kube::Text(kube::Member(*bundle, "data"), kBundleKey));
}

// Its own certificate: that it has it, and that it shows it.
Status ClusterPass::CheckOwn(const Json& pod) {
  const Part* part = PartOf(pod);
  const int port = PortOf(pod);
  const bool is_gateway = part != nullptr && *part == kGateway;
  const auto certificate = [&](const std::string& name) {
    const Json* secret = live_.Find(kinds::kSecret, name);
    return secret == nullptr ? "" : SecretValues(*secret)[kCertificateKey];
  };
  const std::string own = NameOf(name_, part == nullptr ? kPostgres : *part) + "-tls";
  if (part != nullptr && !intent_.spec.tls.internal)
    PBFS_RETURN_IF_ERROR(CheckFile(pod, kCertificateKey, certificate(own)));
  if (port != 0) PBFS_RETURN_IF_ERROR(CheckServed(pod, port, certificate(own)));
  const bool shows_s3 =
      is_gateway && intent_.spec.tls.mode != "Disabled" && intent_.spec.tls.s3_certificate_secret.empty();
  return shows_s3 ? CheckServed(pod, kS3Port, certificate(name_ + "-s3-tls")) : OkStatus();
}

Status ClusterPass::CheckServed(const Json& pod, int port, const std::string& certificate) {
  const Result<std::string> served = world_.probe.Served(context_.Within(kCall), AddressOf(pod, port));
  const Result<CertificateFacts> wanted = ReadCertificate(certificate);
  if (served.ok() && wanted.ok() && *served == wanted->fingerprint) return OkStatus();
  return Await(MetaText(pod, "name"), fmt::format("shows its new certificate at port {}", port), served.status());
}

// Users trust what the Secrets of their keys say. Those are looked at every ten minutes, or when they change.
Status ClusterPass::CheckKeys() {
  const StringMap authorities = SecretValues(*live_.Find(kinds::kSecret, AuthorityName(name_)));
  const auto text = [&](const char* key) {
    const auto found = authorities.find(key);
    return found == authorities.end() ? std::string() : found->second;
  };
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList keys,
                        world_.kube.List(context_, {kinds::kPbfsAccessKey, options_.watch_space, ""}));
  for (const Json& key : keys.items) {
    const std::string secret_name = kube::Text(kube::Member(key, "status"), "secretName");
    if (!RefersTo(key, space_, name_) || secret_name.empty()) continue;
    const Result<Json> secret = world_.kube.Get(context_, {kinds::kSecret, MetaText(key, "namespace"), secret_name});
    if (secret.status().code() == StatusCode::kNotFound) continue;
    PBFS_RETURN_IF_ERROR(secret.status());
    const StringMap values = SecretValues(*secret);
    const auto has = [&](const std::string& authority) {
      return std::any_of(values.begin(), values.end(),
                         [&](const auto& value) { return value.second.find(authority) != std::string::npos; });
    };
    if (has(text(kCertificateKey)) && !has(text("next.crt")))
      return FailedPreconditionError(fmt::format("waits until the Secret {}/{} of an access key has the new authority",
                                                 MetaText(key, "namespace"), secret_name));
  }
  return OkStatus();
}

Status ClusterPass::EndRotation() {
  PBFS_RETURN_IF_ERROR(ForgetPreviousAuthority(context_, live_, intent_));
  const std::string id = kube::Text(status_["operation"], "id");
  status_["tls"]["caGeneration"] = std::strtol(id.c_str() + id.find('-') + 1, nullptr, 10);
  status_.erase("operation");
  Say("Normal", "CARotated", "every certificate is of the new authority, and only it is trusted");
  return OkStatus();
}

}  // namespace pbfs::operators
