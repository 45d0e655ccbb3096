#pragma once

#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/buffer.h"
#include "libs/base/context.h"
#include "libs/base/result.h"

/// Between our types and gRPC's. Private to this folder and to adapters/etcd: included in .cc files only.
namespace pbfs {

struct TransportSecurity::Credentials {
  std::shared_ptr<grpc::ChannelCredentials> client;
  std::shared_ptr<grpc::ServerCredentials> server;
};

namespace wire {

/// The largest message either way: an op record of 8 MiB in a Commit, and what goes with it.
inline constexpr int kMaxMessageBytes = 12 << 20;
/// Payload messages of a put.
inline constexpr size_t kMaxChunkBytes = 1 << 20;
/// A refusal's hint, in milliseconds.
inline constexpr const char* kRetryAfter = "retry-after-ms";

/// Codes are equal; details become trailing metadata `pbfs-detail-<key>-bin`.
grpc::Status ToGrpc(const Status& status, grpc::ServerContextBase& context);
Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context);

/// Deadline and traceparent of `context`.
void Prepare(grpc::ClientContext& call, const Context& context);
Context ContextOf(const grpc::ServerContextBase& call);
PeerIdentity PeerOf(const grpc::ServerContextBase& call);

/// Arguments of every channel: sizes, keepalive, quick reconnect. `index` tells channels to one peer apart.
grpc::ChannelArguments ChannelArguments(int index);
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const TransportSecurity& security, int index);

/// Shares the buffer's memory with the slice; no copy.
grpc::Slice SliceOf(const Buffer& buffer);
/// One run of bytes. A message of one slice is wrapped; a larger one arrives as slices of 8 KiB and more, and is copied once:
/// cheaper than passing on a hundred pieces.
Buffer Flatten(const grpc::ByteBuffer& message);

/// LE32 size ‖ header ‖ payload, the payload by reference.
grpc::ByteBuffer Frame(const std::string& header, const Buffer* payload, size_t count);
struct Unframed {
  Buffer header;
  Buffer payload;
};
/// Errors: INVALID_ARGUMENT shorter than it says.
Result<Unframed> Unframe(const grpc::ByteBuffer& message);

}  // namespace wire
}  // namespace pbfs
