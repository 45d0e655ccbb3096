#include "libs/adapters/etcd/etcd_leases.h"

#include <utility>

#include "libs/adapters/etcd/etcd_client.h"

namespace pbfs {
namespace {

/// A key's value: the holder, a line feed, the lease's value.
std::string EncodeValue(const LeaseInfo& lease) { return lease.holder + "\n" + lease.value; }

LeaseInfo DecodeLease(const etcdserverpb::KeyValue& pair, size_t prefix_size) {
  const size_t end = pair.value().find('\n');
  if (end == std::string::npos) return {pair.key().substr(prefix_size), pair.value(), {}};
  return {pair.key().substr(prefix_size), pair.value().substr(0, end), pair.value().substr(end + 1)};
}

int64_t WholeSeconds(Duration ttl) { return std::chrono::ceil<std::chrono::seconds>(ttl).count(); }

Status Lost(const LeaseInfo& lease) { return AbortedError("lease " + lease.key + " is lost; acquire it again"); }

}  // namespace

struct EtcdLeases::Impl {
  Impl(const std::vector<std::string>& endpoints, const TransportSecurity& security, std::string prefix_in)
      : client(endpoints, security), prefix(std::move(prefix_in)) {}

  EtcdClient client;
  const std::string prefix;

  using Pair = std::optional<etcdserverpb::KeyValue>;
  std::string Key(const LeaseInfo& lease) const { return prefix + lease.key; }
  bool Holds(const Pair& pair, const LeaseInfo& lease) const {
    return pair.has_value() && DecodeLease(*pair, prefix.size()).holder == lease.holder;
  }

  /// Writes the lease's key in place of `old`, attached to a new etcd lease. Errors: ABORTED the key has changed.
  Status Replace(const Context& context, const LeaseInfo& lease, Duration ttl, const Pair& old) {
    PBFS_ASSIGN_OR_RETURN(const int64_t id, client.Grant(context, WholeSeconds(ttl)));
    const int64_t revision = old.has_value() ? old->mod_revision() : 0;
    const auto put = client.PutIf(context, Key(lease), revision, EncodeValue(lease), id);
    // An etcd lease that we can no longer revoke expires by itself.
    if (put.ok() && !*put) (void)client.Revoke(context, id);
    PBFS_RETURN_IF_ERROR(put.status());
    if (!*put) return Lost(lease);
    if (old.has_value()) (void)client.Revoke(context, old->lease());  // the key is attached to the new one
    return OkStatus();
  }
};

EtcdLeases::EtcdLeases(const std::vector<std::string>& endpoints, const TransportSecurity& security, std::string prefix)
    : impl_(std::make_unique<Impl>(endpoints, security, std::move(prefix))) {
  PBFS_CHECK(!impl_->prefix.empty());
}
EtcdLeases::~EtcdLeases() = default;

Status EtcdLeases::Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) {
  Status status;
  do {
    PBFS_ASSIGN_OR_RETURN(const auto old, impl_->client.Get(context, impl_->Key(lease)));
    if (old.has_value() && !impl_->Holds(old, lease)) {
      const std::string holder = DecodeLease(*old, impl_->prefix.size()).holder;
      return AlreadyExistsError("lease " + lease.key + " is held by " + holder).WithDetail("holder", holder);
    }
    status = impl_->Replace(context, lease, ttl, old);
  } while (status.code() == StatusCode::kAborted);  // somebody was quicker: look again, until the deadline
  return status;
}

Status EtcdLeases::Renew(const Context& context, const LeaseInfo& lease, Duration ttl) {
  PBFS_ASSIGN_OR_RETURN(const auto old, impl_->client.Get(context, impl_->Key(lease)));
  if (!impl_->Holds(old, lease)) return Lost(lease);
  if (old->value() != EncodeValue(lease)) return impl_->Replace(context, lease, ttl, old);
  PBFS_ASSIGN_OR_RETURN(const int64_t granted, impl_->client.KeepAlive(context, old->lease()));
  if (granted == 0) return Lost(lease);
  return granted >= WholeSeconds(ttl) ? OkStatus() : impl_->Replace(context, lease, ttl, old);
}

Status EtcdLeases::Release(const Context& context, const LeaseInfo& lease) {
  PBFS_ASSIGN_OR_RETURN(const auto old, impl_->client.Get(context, impl_->Key(lease)));
  return impl_->Holds(old, lease) ? impl_->client.Revoke(context, old->lease()) : OkStatus();
}

Result<std::vector<LeaseInfo>> EtcdLeases::List(const Context& context, const std::string& prefix) {
  PBFS_ASSIGN_OR_RETURN(const auto page, impl_->client.GetPrefix(context, impl_->prefix + prefix));
  std::vector<LeaseInfo> leases;
  leases.reserve(page.pairs.size());
  for (const auto& pair : page.pairs) leases.push_back(DecodeLease(pair, impl_->prefix.size()));
  return leases;
}

Result<int64_t> EtcdLeases::AwaitChange(const Context& context, const std::string& prefix, int64_t revision) {
  if (revision > 0) return impl_->client.Watch(context, impl_->prefix + prefix, revision);
  PBFS_ASSIGN_OR_RETURN(const auto page, impl_->client.GetPrefix(context, impl_->prefix + prefix, 1));
  return page.revision;
}

}  // namespace pbfs
