#include "libs/adapters/etcd/etcd_server.h"

#include <utility>
#include <vector>

#include "libs/base/loopback_ports.h"
#include "libs/base/sync.h"

namespace pbfs {

EtcdServer::EtcdServer(std::string directory, TlsFiles files)
    : directory_(std::move(directory)),
      files_(std::move(files)),
      client_port_(*ReserveLoopbackPort()),
      peer_port_(*ReserveLoopbackPort()) {}

Status EtcdServer::Start() {
  const std::string client = "https://" + endpoint();
  const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
  const std::vector<std::string> arguments = {
      "etcd", "--name=one", "--data-dir=" + directory_ + "/etcd", "--listen-client-urls=" + client,
      "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
      "--initial-cluster=one=" + peer, "--cert-file=" + files_.cert, "--key-file=" + files_.key,
      "--trusted-ca-file=" + files_.ca, "--client-cert-auth",
      // Quick elections: the least time to live of a lease is one and a half of them.
      "--heartbeat-interval=50", "--election-timeout=250", "--log-level=error"};
  const std::string log = directory_ + "/etcd.log";
  PBFS_ASSIGN_OR_RETURN(process_, ChildProcess::Start({.command = arguments, .output = log}));
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (MonotonicNow() < deadline && !process_.Ended()) {
    if (IsListening(client_port_)) return OkStatus();
    SleepFor(std::chrono::milliseconds(10));  // a poll, bounded by the deadline
  }
  return UnavailableError("etcd does not start; is the package etcd-server installed? Its log: " + log);
}

void EtcdServer::Kill() { process_ = ChildProcess(); }

}  // namespace pbfs
