#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/wire.h"
#include "libs/base/context.h"
#include "libs/base/result.h"
#include "proto/etcd/rpc.grpc.pb.h"

/// The few calls of etcd that leases need, with our types of error. Included in .cc files only. Threads: any.
namespace pbfs {

class EtcdClient {
 public:
  EtcdClient(const std::vector<std::string>& endpoints, const TransportSecurity& security);

  struct Page {
    std::vector<etcdserverpb::KeyValue> pairs;
    int64_t revision = 0;  // of the whole store when it was read
  };
  /// As of `revision` of the store; 0: now. Errors: OUT_OF_RANGE that revision is compacted or yet to come.
  Result<std::optional<etcdserverpb::KeyValue>> Get(const Context& context, const std::string& key,
                                                    int64_t revision = 0);
  /// All keys that begin with `prefix`, which is not empty; at most `limit`, 0: all.
  Result<Page> GetPrefix(const Context& context, const std::string& prefix, int64_t limit = 0);
  /// Writes the key if its revision still is `revision` (0: absent); false if not.
  Result<bool> PutIf(const Context& context, const std::string& key, int64_t revision, const std::string& value,
                     int64_t lease);
  /// Waits for a change of a key under `prefix` after `revision`; the revision of it. Errors: DEADLINE_EXCEEDED.
  Result<int64_t> Watch(const Context& context, const std::string& prefix, int64_t revision);

  Result<int64_t> Grant(const Context& context, int64_t ttl_seconds);
  /// Harmless if it is gone. Deletes the keys attached to it.
  Status Revoke(const Context& context, int64_t lease);
  /// The time to live that it was granted; 0 if it is gone.
  Result<int64_t> KeepAlive(const Context& context, int64_t lease);

 private:
  struct Member {
    explicit Member(const std::shared_ptr<grpc::Channel>& channel);
    std::unique_ptr<etcdserverpb::KV::Stub> kv;
    std::unique_ptr<etcdserverpb::Watch::Stub> watch;
    std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  };
  /// Runs `call(member, client context)` on one member after another until one is available.
  template <typename Call>
  Status Try(const Context& context, const Call& call);

  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<size_t> current_{0};
};

}  // namespace pbfs
