#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "libs/base/bytes.h"
#include "libs/s3/signature.h"

namespace pbfs::bench {

/// Where a gateway listens, on 127.0.0.1, and who signs.
struct S3Site {
  int port = 0;
  s3::Signer signer;
  pid_t pid = 0;  // of the gateway
};

/// One connection of an S3 client that costs as little as possible, kept alive: signed heads, bodies as they are (UNSIGNED-PAYLOAD), nothing
/// of an answer looked at but its status and length. Failures end the program unless said otherwise. Threads: one at a time.
class S3Connection {
 public:
  explicit S3Connection(const S3Site& site);
  ~S3Connection();
  S3Connection(S3Connection&& other) noexcept;
  S3Connection& operator=(S3Connection&& other) noexcept;
  S3Connection(const S3Connection&) = delete;

  /// Puts an object; `path`: "/bucket/key".
  void Put(const std::string& path, ByteSpan body);
  /// Gets an object of out.size() bytes.
  void Get(const std::string& path, MutableByteSpan out);
  /// Gets an object of any size, and looks at nothing of it; its size.
  size_t GetAndDrop(const std::string& path, MutableByteSpan scratch);

  /// Only the head of a request with a body of `body_bytes`, which may be 0.
  void SendHead(std::string_view method, const std::string& path, size_t body_bytes);
  /// The socket, for who sends and reads a byte now and then.
  int fd() const { return fd_; }

 private:
  void RenewIfClosed();  // the gateway closes connections that are idle for long
  void SendAll(std::string_view head, ByteSpan body) const;
  size_t ReadHead();

  const S3Site* site_;
  int fd_ = -1;
  std::string in_;  // what came and was not looked at
};

}  // namespace pbfs::bench
