#include "libs/adapters/etcd/etcd_client.h"

#include <utility>

namespace pbfs {
namespace {

using namespace etcdserverpb;  // NOLINT: only here, and the names are etcd's

/// The first key after all that begin with `prefix`.
std::string EndOf(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

EtcdClient::Member::Member(const std::shared_ptr<grpc::Channel>& channel)
    : kv(KV::NewStub(channel)), watch(etcdserverpb::Watch::NewStub(channel)), lease(Lease::NewStub(channel)) {}

EtcdClient::EtcdClient(const std::vector<std::string>& endpoints, const TransportSecurity& security) {
  PBFS_CHECK(!endpoints.empty());
  for (const std::string& endpoint : endpoints) {
    members_.push_back(std::make_unique<Member>(wire::MakeChannel(endpoint, security, 0)));
  }
}

template <typename Call>
Status EtcdClient::Try(const Context& context, const Call& call) {
  Status status;
  for (size_t i = 0; i < members_.size(); ++i) {
    PBFS_RETURN_IF_ERROR(context.Check());
    const size_t current = current_;
    grpc::ClientContext client;
    wire::Prepare(client, context);
    status = wire::FromGrpc(call(*members_[current % members_.size()], client), client);
    // The member hears of the deadline too, and may be the first to say so, in a status of its own.
    if (status.message().find("context deadline exceeded") != std::string::npos)
      status = DeadlineExceededError(status.message());
    if (status.code() != StatusCode::kUnavailable) break;
    size_t expected = current;
    current_.compare_exchange_strong(expected, current + 1);
  }
  return status.Annotate("etcd");
}

Result<std::optional<KeyValue>> EtcdClient::Get(const Context& context, const std::string& key, int64_t revision) {
  RangeRequest request;
  request.set_key(key);
  request.set_revision(revision);
  RangeResponse reply;
  PBFS_RETURN_IF_ERROR(Try(context, [&](Member& member, grpc::ClientContext& client) {
    return member.kv->Range(&client, request, &reply);
  }));
  if (reply.kvs().empty()) return std::optional<KeyValue>();
  return std::optional<KeyValue>(reply.kvs(0));
}

Result<EtcdClient::Page> EtcdClient::GetPrefix(const Context& context, const std::string& prefix, int64_t limit) {
  RangeRequest request;
  request.set_key(prefix);
  request.set_range_end(EndOf(prefix));
  request.set_limit(limit);
  RangeResponse reply;
  PBFS_RETURN_IF_ERROR(Try(context, [&](Member& member, grpc::ClientContext& client) {
    return member.kv->Range(&client, request, &reply);
  }));
  return Page{{reply.kvs().begin(), reply.kvs().end()}, reply.header().revision()};
}

Result<bool> EtcdClient::PutIf(const Context& context, const std::string& key, int64_t revision,
                               const std::string& value, int64_t lease) {
  TxnRequest request;
  Compare* compare = request.add_compare();
  compare->set_result(Compare::EQUAL);
  compare->set_target(Compare::MOD);
  compare->set_key(key);
  compare->set_mod_revision(revision);
  PutRequest* put = request.add_success()->mutable_request_put();
  put->set_key(key);
  put->set_value(value);
  put->set_lease(lease);
  TxnResponse reply;
  PBFS_RETURN_IF_ERROR(Try(
      context, [&](Member& member, grpc::ClientContext& client) { return member.kv->Txn(&client, request, &reply); }));
  return reply.succeeded();
}

Result<int64_t> EtcdClient::Watch(const Context& context, const std::string& prefix, int64_t revision) {
  WatchRequest request;
  auto* create = request.mutable_create_request();
  create->set_key(prefix);
  create->set_range_end(EndOf(prefix));
  create->set_start_revision(revision + 1);
  int64_t changed = 0;
  const Status status = Try(context, [&](Member& member, grpc::ClientContext& client) {
    const auto stream = member.watch->Watch(&client);
    WatchResponse reply;
    if (stream->Write(request)) {
      // A compacted revision means that there were changes which etcd no longer tells one by one.
      while (changed == 0 && stream->Read(&reply)) {
        if (reply.events_size() > 0 || reply.compact_revision() > 0) changed = reply.header().revision();
        if (reply.canceled()) break;
      }
    }
    if (changed > 0) client.TryCancel();
    const grpc::Status ended = stream->Finish();
    return changed > 0  ? grpc::Status::OK
           : ended.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the watch ended")
                        : ended;
  });
  if (!status.ok()) return status;
  return changed;
}

Result<int64_t> EtcdClient::Grant(const Context& context, int64_t ttl_seconds) {
  LeaseGrantRequest request;
  request.set_ttl(ttl_seconds);
  LeaseGrantResponse reply;
  PBFS_RETURN_IF_ERROR(Try(context, [&](Member& member, grpc::ClientContext& client) {
    return member.lease->LeaseGrant(&client, request, &reply);
  }));
  return reply.id();
}

Status EtcdClient::Revoke(const Context& context, int64_t lease) {
  LeaseRevokeRequest request;
  request.set_id(lease);
  LeaseRevokeResponse reply;
  const Status status = Try(context, [&](Member& member, grpc::ClientContext& client) {
    return member.lease->LeaseRevoke(&client, request, &reply);
  });
  return status.code() == StatusCode::kNotFound ? OkStatus() : status;
}

Result<int64_t> EtcdClient::KeepAlive(const Context& context, int64_t lease) {
  LeaseKeepAliveRequest request;
  request.set_id(lease);
  LeaseKeepAliveResponse reply;
  PBFS_RETURN_IF_ERROR(Try(context, [&](Member& member, grpc::ClientContext& client) -> grpc::Status {
    const auto stream = member.lease->LeaseKeepAlive(&client);
    const bool answered = stream->Write(request) && stream->Read(&reply);
    stream->WritesDone();
    if (answered) client.TryCancel();
    const grpc::Status ended = stream->Finish();
    return answered ? grpc::Status::OK : ended;
  }));
  return reply.ttl();
}

}  // namespace pbfs
