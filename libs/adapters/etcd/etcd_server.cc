#include "libs/adapters/etcd/etcd_server.h"

#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/sync.h"

namespace pbfs {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  PBFS_CHECK(bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  PBFS_CHECK(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(probe);
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return connected;
}

}  // namespace

EtcdServer::EtcdServer(std::string directory, TlsFiles files)
    : directory_(std::move(directory)), files_(std::move(files)), client_port_(FreePort()), peer_port_(FreePort()) {}

EtcdServer::~EtcdServer() { Kill(); }

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
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string log = directory_ + "/etcd.log";
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, 1);
    dup2(out, 2);
    execvp("etcd", argv.data());
    _exit(127);
  }
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (MonotonicNow() < deadline && waitpid(process_, nullptr, WNOHANG) == 0) {
    if (Listens(client_port_)) return OkStatus();
    SleepFor(std::chrono::milliseconds(10));  // a poll, bounded by the deadline
  }
  return UnavailableError("etcd does not start; is the package etcd-server installed? Its log: " + log);
}

void EtcdServer::Kill() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

}  // namespace pbfs
