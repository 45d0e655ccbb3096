#pragma once

#include <memory>
#include <string>

#include "libs/adapters/grpc/wire.h"

namespace pbfs::wire {

/// Unary calls of one service at one address, blocking. Included in .cc files only.
template <typename Service>
class UnaryStub {
 public:
  UnaryStub(const std::string& address, const TransportSecurity& security)
      : stub_(Service::NewStub(MakeChannel(address, security, 0))) {}

  template <typename Request, typename Reply>
  Result<Reply> Ask(const Context& context,
                    grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                    const Request& request) {
    PBFS_RETURN_IF_ERROR(context.Check());
    grpc::ClientContext call;
    Prepare(call, context);
    Reply reply;
    PBFS_RETURN_IF_ERROR(FromGrpc((*stub_.*method)(&call, request, &reply), call));
    return reply;
  }

 private:
  std::unique_ptr<typename Service::Stub> stub_;
};

}  // namespace pbfs::wire
