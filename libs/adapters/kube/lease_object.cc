#include "libs/adapters/kube/lease_object.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "libs/adapters/kube/kube_objects.h"

namespace pbfs::kube {
namespace {

constexpr const char* kClusterLabel = "pbfs.dev/cluster";
constexpr const char* kLeaseLabel = "pbfs.dev/lease";
constexpr const char* kValue = "pbfs.dev/value";
constexpr size_t kMaxName = 253, kMaxLabel = 63, kMaxCluster = 30, kMaxValue = 64 << 10, kMaxHolder = 1 << 10;
constexpr int64_t kYearSeconds = 366 * 86'400, kUsualSeconds = 30;

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// A label of DNS, of any length.
bool IsSegment(std::string_view text) {
  return !text.empty() && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlphanumeric(c) || c == '-'; });
}

std::string_view FirstSegment(std::string_view key) { return key.substr(0, key.find('/')); }

bool IsKey(std::string_view key) {
  if (FirstSegment(key).size() > kMaxLabel) return false;
  for (;;) {
    const size_t end = key.find('/');
    if (!IsSegment(key.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    key.remove_prefix(end + 1);
  }
}

std::string Replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

/// The member as an object that can be written to, whatever a server put in its place.
Json& Object(Json& parent, const char* name) {
  Json& member = parent[name];
  if (!member.is_object()) member = Json::object();
  return member;
}

}  // namespace

std::string MicroTime(int64_t now_us) {
  const std::time_t seconds = now_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, now_us % 1'000'000);
}

Result<LeaseObjects> LeaseObjects::Make(const std::string& cluster, const std::string& space) {
  if (!IsSegment(cluster) || cluster.size() > kMaxCluster)
    return InvalidArgumentError("'" + cluster + "' is no name of a cluster: 1 to 30 of a-z, 0-9 and '-'");
  if (!IsSegment(space) || space.size() > kMaxLabel)
    return InvalidArgumentError("'" + space + "' is no name of a namespace");
  return LeaseObjects(cluster, space);
}

std::string LeaseObjects::Collection() const { return CollectionPath(kinds::kLease, space_); }

Result<std::string> LeaseObjects::NameOf(const std::string& key) const {
  const std::string name = cluster_ + "-" + Replaced(key, '/', '.');
  if (!IsKey(key) || name.size() > kMaxName)
    return InvalidArgumentError("lease key '" + key + "' has no name in Kubernetes: segments of a-z, 0-9 and '-'");
  return name;
}

std::string LeaseObjects::SelectorOf(const std::string& prefix) const {
  std::string selector = std::string(kClusterLabel) + "=" + cluster_;
  const std::string_view first = FirstSegment(prefix);
  if (first.size() < prefix.size() && IsSegment(first) && first.size() <= kMaxLabel)
    selector += fmt::format(",{}={}", kLeaseLabel, first);
  return selector;
}

Result<LeaseRecord> LeaseObjects::Parse(const Json& object) const {
  const Json& metadata = Member(object, "metadata");
  const Json& spec = Member(object, "spec");
  const std::string name = Text(metadata, "name");
  if (Text(Member(metadata, "labels"), kClusterLabel) != cluster_ || !name.starts_with(cluster_ + "-"))
    return InvalidArgumentError("Lease '" + name + "' is none of cluster " + cluster_);
  LeaseRecord record;
  record.info.key = Replaced(name.substr(cluster_.size() + 1), '.', '/');
  if (!IsKey(record.info.key)) return InvalidArgumentError("Lease '" + name + "' has the name of no lease key");
  record.info.holder = Text(spec, "holderIdentity");
  record.info.value = Text(Member(metadata, "annotations"), kValue);
  record.duration =
      std::chrono::seconds(std::clamp<int64_t>(Number(spec, "leaseDurationSeconds", kUsualSeconds), 1, kYearSeconds));
  record.renewal = fmt::format("{} {} {} {}", Text(metadata, "uid"), record.info.holder, Text(spec, "acquireTime"),
                               Text(spec, "renewTime"));
  return record;
}

Json LeaseObjects::New(const std::string& name, const std::string& key) const {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata",
           {{"name", name},
            {"namespace", space_},
            {"labels", {{kClusterLabel, cluster_}, {kLeaseLabel, std::string(FirstSegment(key))}}}}}};
}

Result<Json> LeaseObjects::Held(const Json& old, const LeaseInfo& lease, Duration ttl, int64_t now_us) const {
  PBFS_ASSIGN_OR_RETURN(const std::string name, NameOf(lease.key));
  if (lease.holder.empty() || lease.holder.size() > kMaxHolder)
    return InvalidArgumentError("the holder of a lease needs a name of 1 to 1024 bytes");
  if (lease.value.size() > kMaxValue) return InvalidArgumentError("the value of a lease has at most 64 KiB");
  Json object = old.is_object() ? old : New(name, lease.key);
  Json& metadata = Object(object, "metadata");
  Json& spec = Object(object, "spec");
  metadata.erase("managedFields");  // half of the bytes, and the server keeps them
  Object(metadata, "annotations")[kValue] = lease.value;
  const std::string now = MicroTime(now_us);
  if (Text(spec, "holderIdentity") != lease.holder) {
    if (old.is_object()) spec["leaseTransitions"] = Number(spec, "leaseTransitions") + 1;
    spec["acquireTime"] = now;
  }
  spec["holderIdentity"] = lease.holder;
  spec["renewTime"] = now;
  spec["leaseDurationSeconds"] =
      std::clamp<int64_t>(std::chrono::ceil<std::chrono::seconds>(ttl).count(), 1, kYearSeconds);
  return object;
}

Json LeaseObjects::Free(const Json& old, int64_t now_us) const {
  Json object = old;
  Object(object, "metadata").erase("managedFields");
  Object(object["metadata"], "annotations").erase(kValue);
  Json& spec = Object(object, "spec");
  spec["holderIdentity"] = "";
  spec["renewTime"] = MicroTime(now_us);
  spec["leaseDurationSeconds"] = 1;
  return object;
}

}  // namespace pbfs::kube
