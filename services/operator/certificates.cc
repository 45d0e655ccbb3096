#include "services/operator/certificates.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/bytes.h"
#include "libs/crypto/primitives.h"
#include "services/operator/object_text.h"
#include "services/operator/render_object.h"
#include "services/operator/render_postgres.h"
#include "services/operator/site_identity.h"

namespace pbfs::operators {
namespace {

constexpr int64_t kBackdateSeconds = 300;  // clocks differ

std::string ServiceHost(const ClusterIntent& intent, const std::string& service) {
  return fmt::format("{}.{}.svc", service, intent.space);
}
// The service and each of its pods.
std::vector<std::string> HostsOfService(const ClusterIntent& intent, const std::string& service) {
  const std::string host = ServiceHost(intent, service);
  return {host, "*." + host};
}
void Append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<std::string> HostsOf(const ClusterIntent& intent, const Part& part) {
  std::vector<std::string> hosts;
  if (part == kCatalog) {
    for (int shard = 0; shard < intent.spec.catalog.shards; ++shard)
      Append(hosts, HostsOfService(intent, ShardName(intent.name, shard)));
  } else if (part == kFragmentStore) {
    for (const Pool& pool : intent.spec.fragment_store.pools)
      Append(hosts, HostsOfService(intent, PoolName(intent.name, pool.name)));
  }
  return hosts;
}

// By whatever name clients in the cluster or outside reach the gateways; buckets may be the first part of a host's name.
std::vector<std::string> HostsOfS3(const ClusterIntent& intent) {
  const std::string service = NameOf(intent.name, kGateway), host = ServiceHost(intent, service);
  std::vector<std::string> hosts = {service,     service + "." + intent.space, host,
                                    "*." + host, host + ".cluster.local",      "*." + host + ".cluster.local"};
  for (const std::string& domain : intent.spec.gateway.domains) Append(hosts, {domain, "*." + domain});
  Append(hosts, intent.spec.tls.s3_dns_names);
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

KeyedCertificate PairOf(const Json* secret) {
  if (secret == nullptr) return {};
  StringMap values = SecretValues(*secret);
  return {values[kCertificateKey], values[kPrivateKey]};
}

Json TlsSecret(const ClusterIntent& intent, const std::string& name, const KeyedCertificate& pair,
               Ownership ownership) {
  Json secret = MakeObject(intent, "v1", "Secret", name, ClusterLabels(intent), ownership);
  secret["type"] = "kubernetes.io/tls";
  secret["data"] = EncodeSecretValues({{kCertificateKey, pair.certificate}, {kPrivateKey, pair.key}});
  return secret;
}

// As a Secret has them; without texts what it has not.
struct Authorities {
  KeyedCertificate current, next, previous;
};

constexpr const char* kNextCertificate = "next.crt";
constexpr const char* kNextKey = "next.key";
constexpr const char* kPreviousCertificate = "previous.crt";
constexpr const char* kPreviousKey = "previous.key";

Authorities AuthoritiesIn(const Json& secret) {
  StringMap values = SecretValues(secret);
  return {{values[kCertificateKey], values[kPrivateKey]},
          {values[kNextCertificate], values[kNextKey]},
          {values[kPreviousCertificate], values[kPreviousKey]}};
}

// Only what was read is replaced: a key that another process put there meanwhile is not lost.
Status PutAuthorities(const Context& context, LiveObjects& live, const ClusterIntent& intent, const Authorities& all) {
  const Json* now = live.Find(kube::kinds::kSecret, AuthorityName(intent.name));
  if (now == nullptr) return AbortedError("the Secret of the authority is gone");
  Json secret = TlsSecret(intent, AuthorityName(intent.name), all.current, Ownership::kRetained);
  const auto add = [&](const KeyedCertificate& pair, const char* certificate, const char* key) {
    if (!pair.key.empty())
      secret["data"].update(EncodeSecretValues({{certificate, pair.certificate}, {key, pair.key}}));
  };
  add(all.next, kNextCertificate, kNextKey);
  add(all.previous, kPreviousCertificate, kPreviousKey);
  secret = WithHash(std::move(secret));
  secret["metadata"]["uid"] = MetaText(*now, "uid");
  secret["metadata"]["resourceVersion"] = MetaText(*now, "resourceVersion");
  return live.Put(context, secret);
}

Result<KeyedCertificate> NewAuthority(const ClusterIntent& intent, int64_t now) {
  return MakeAuthority(
      {fmt::format("PBFS {}", intent.name), {}, now - kBackdateSeconds, now + intent.spec.tls.ca_duration_seconds});
}

std::string BundleOf(const Authorities& all, Succession succession) {
  const bool both = succession == Succession::kTrusted || succession == Succession::kIssues;
  return both ? all.current.certificate + all.next.certificate : all.current.certificate;
}

// What the Secret has to hold at this step; the current authority there is good.
Result<Authorities> Succeed(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                            CheckedPairs& checked, Succession succession, int64_t now) {
  const std::string name = AuthorityName(intent.name);
  Authorities all = AuthoritiesIn(*live.Find(kube::kinds::kSecret, name));
  if (succession == Succession::kNone) return all;
  const bool has_next = checked.Check(all.next, all.next.certificate).ok();
  if (succession == Succession::kTrusted && !has_next) {
    PBFS_ASSIGN_OR_RETURN(all.next, NewAuthority(intent, now));
    all.previous = {};
    PBFS_RETURN_IF_ERROR(PutAuthorities(context, live, intent, all));
  } else if (succession == Succession::kIssues && !has_next) {
    return FailedPreconditionError(
               fmt::format("the Secret {} has lost next.crt and next.key of the new authority: bring "
                           "them back from a backup",
                           name))
        .WithDetail(kReasonDetail, "SecretLost");
  } else if (succession == Succession::kAlone && has_next) {
    all = {all.next, {}, all.current};
    PBFS_RETURN_IF_ERROR(PutAuthorities(context, live, intent, all));
  }
  return all;
}

Result<KeyedCertificate> AuthorityOf(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                     CheckedPairs& checked, bool made_before, int64_t now) {
  const std::string name = AuthorityName(intent.name);
  if (live.Find(kube::kinds::kSecret, name) == nullptr) {
    if (made_before)
      return FailedPreconditionError(fmt::format("the Secret {} of the cluster's authority is gone: bring it back from "
                                                 "a backup",
                                                 name))
          .WithDetail(kReasonDetail, "SecretLost");
    PBFS_ASSIGN_OR_RETURN(const KeyedCertificate fresh, NewAuthority(intent, now));
    PBFS_RETURN_IF_ERROR(live.PutOnce(context, TlsSecret(intent, name, fresh, Ownership::kRetained)));
  }
  const KeyedCertificate authority = PairOf(live.Find(kube::kinds::kSecret, name));
  if (!checked.Check(authority, authority.certificate).ok())
    return FailedPreconditionError(fmt::format("the Secret {} holds no authority's certificate and key", name))
        .WithDetail(kReasonDetail, "SecretLost");
  return authority;
}

Status PutBundle(const Context& context, LiveObjects& live, const ClusterIntent& intent, const std::string& bundle) {
  Json map = MakeObject(intent, "v1", "ConfigMap", BundleName(intent.name), ClusterLabels(intent));
  map["data"] = {{kBundleKey, bundle}};
  return live.Put(context, WithHash(std::move(map)));
}

Status Issue(const Context& context, LiveObjects& live, const ClusterIntent& intent, const NeededCertificate& needed,
             const KeyedCertificate& authority, int64_t now) {
  PBFS_ASSIGN_OR_RETURN(const KeyedCertificate leaf, MakeLeaf({needed.common_name, needed.hosts, now - kBackdateSeconds,
                                                               now + intent.spec.tls.certificate_duration_seconds},
                                                              authority));
  return live.Put(context, WithHash(TlsSecret(intent, needed.secret, leaf, Ownership::kOwned)));
}

}  // namespace

std::string AuthorityName(const std::string& cluster) { return cluster + "-ca"; }
std::string BundleName(const std::string& cluster) { return cluster + "-ca-bundle"; }

std::vector<NeededCertificate> NeededCertificates(const ClusterIntent& intent) {
  const std::string& cluster = intent.name;
  std::vector<NeededCertificate> needed;
  if (!intent.spec.tls.internal) {
    for (const Part& part : kParts)
      needed.push_back({NameOf(cluster, part) + "-tls", part.component, HostsOf(intent, part)});
    needed.push_back({cluster + "-operator-tls", "operator", {}});
    if (IsManaged(intent)) needed.push_back({cluster + "-pg-tls", kPostgres.component, PostgresDnsNames(intent)});
  }
  if (intent.spec.tls.mode != "Disabled" && intent.spec.tls.s3_certificate_secret.empty())
    needed.push_back({cluster + "-s3-tls", NameOf(cluster, kGateway), HostsOfS3(intent)});
  return needed;
}

Result<CertificateFacts> CheckedPairs::Check(const KeyedCertificate& pair, const std::string& authority) {
  const std::string texts =
      fmt::format("{}\n{}\n{}\n{}", pair.certificate.size(), pair.key.size(), pair.certificate + pair.key, authority);
  const std::string hash = ToHex(Sha256(AsBytes(texts)));
  {
    MutexLock lock(mutex_);
    if (const auto found = facts_.find(hash); found != facts_.end()) return found->second;
  }
  PBFS_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(pair.certificate));
  if (!IsPairOf(pair, authority))
    return InvalidArgumentError("the certificate is of another authority, or another key");
  MutexLock lock(mutex_);
  if (facts_.size() >= kMost) facts_.clear();
  facts_[hash] = facts;
  return facts;
}

bool MustIssue(const Result<CertificateFacts>& facts, const NeededCertificate& needed, int64_t now_seconds,
               int64_t renew_before) {
  if (!facts.ok()) return true;
  std::vector<std::string> hosts = needed.hosts;
  std::sort(hosts.begin(), hosts.end());
  return facts->common_name != needed.common_name || facts->hosts != hosts || facts->not_before > now_seconds ||
         facts->not_after <= now_seconds + renew_before;
}

Result<CertificateReport> KeepCertificates(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                           CheckedPairs& checked, bool made_before, Succession succession,
                                           int64_t now) {
  CertificateReport report;
  const std::vector<NeededCertificate> all = NeededCertificates(intent);
  if (all.empty()) return report;
  PBFS_RETURN_IF_ERROR(AuthorityOf(context, live, intent, checked, made_before, now).status());
  PBFS_ASSIGN_OR_RETURN(const Authorities authorities, Succeed(context, live, intent, checked, succession, now));
  PBFS_RETURN_IF_ERROR(PutBundle(context, live, intent, BundleOf(authorities, succession)));
  const KeyedCertificate& authority = succession == Succession::kIssues ? authorities.next : authorities.current;
  report.authority = checked.Check(authority, authority.certificate)->fingerprint;
  for (const NeededCertificate& needed : all) {
    const auto facts_now = [&] {
      return checked.Check(PairOf(live.Find(kube::kinds::kSecret, needed.secret)), authority.certificate);
    };
    if (MustIssue(facts_now(), needed, now, intent.spec.tls.renew_before_seconds)) {
      PBFS_RETURN_IF_ERROR(Issue(context, live, intent, needed, authority, now));
      report.issued.push_back(needed.secret);
    }
    const Result<CertificateFacts> facts = facts_now();
    if (!facts.ok()) continue;  // being deleted: issued again when it is gone
    if (report.nearest_end == 0 || facts->not_after < report.nearest_end) report.nearest_end = facts->not_after;
  }
  return report;
}

bool IsBundlePut(const LiveObjects& live, const std::string& cluster, Succession succession) {
  const Json* secret = live.Find(kube::kinds::kSecret, AuthorityName(cluster));
  const Json* bundle = live.Find(kube::kinds::kConfigMap, BundleName(cluster));
  if (secret == nullptr || bundle == nullptr) return false;
  const Authorities all = AuthoritiesIn(*secret);
  const bool has_next = !all.next.key.empty();
  return has_next == (succession == Succession::kTrusted || succession == Succession::kIssues) &&
         kube::Text(kube::Member(*bundle, "data"), kBundleKey) == BundleOf(all, succession);
}

Status ForgetPreviousAuthority(const Context& context, LiveObjects& live, const ClusterIntent& intent) {
  const Json* secret = live.Find(kube::kinds::kSecret, AuthorityName(intent.name));
  if (secret == nullptr) return AbortedError("the Secret of the authority is gone");
  return PutAuthorities(context, live, intent, {AuthoritiesIn(*secret).current, {}, {}});
}

}  // namespace pbfs::operators
