#pragma once

#include <string>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/result.h"
#include "libs/base/testing/child_process.h"

namespace pbfs {

/// A real etcd of one member on free ports of the loopback interface, by mutual TLS: for tests. It dies with this process.
class EtcdServer {
 public:
  /// Keeps its data in `directory`, which exists. `files`: its certificate; clients show one of the same CA.
  EtcdServer(std::string directory, TlsFiles files);

  /// Starts it, again with the same data and ports after Kill(), and waits until it listens. Errors: UNAVAILABLE.
  Status Start();
  /// SIGKILL.
  void Kill();
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(client_port_); }

 private:
  const std::string directory_;
  const TlsFiles files_;
  const int client_port_;
  const int peer_port_;
  ChildProcess process_;
};

}  // namespace pbfs
