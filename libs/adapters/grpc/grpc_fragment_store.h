#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// A fragment store at the other end of the network. Payload goes out without a copy and is copied once when it arrives.
/// Calls are spread over `channels` connections. Never repeats anything: callers choose another store, encoding or moment.
///
/// Threads: any. Callbacks (ReadyCallback) come on gRPC's threads; one must not destroy the store. Destroying the store calls
/// off what is under way and waits for it; writers and reads may outlive it and then tell CANCELLED.
class GrpcFragmentStore final : public FragmentStore {
 public:
  /// Connects lazily. `address`: host:port, as the server's certificate names it.
  GrpcFragmentStore(const std::string& address, const TransportSecurity& security, int channels = 2);
  ~GrpcFragmentStore() override;

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
