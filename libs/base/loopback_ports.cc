#include "libs/base/loopback_ports.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/random.h"

namespace pbfs {
namespace {

class TcpSocket {
 public:
  explicit TcpSocket(int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) : fd_(fd) {}
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;
  ~TcpSocket() {
    if (fd_ >= 0) close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  bool ReuseAddress() const {
    const int yes = 1;
    return setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
  }
  bool Bind(int port) const {
    const sockaddr_in address = Loopback(port);
    return bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool Listen() const { return listen(fd_, 1) == 0; }
  bool Connect(int port) const {
    const sockaddr_in address = Loopback(port);
    return connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  int Accept() const { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  const int fd_;
};

/// First port from which the kernel takes those of outgoing connections.
int EphemeralStart() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  int start = 32768;
  file >> start;
  return start;
}

/// Leaves a connection in TIME_WAIT at the port: for a minute the kernel then refuses the port to who binds it without
/// SO_REUSEADDR, as this function does, and lets those have it who bind with it.
bool TryReserve(int port) {
  const TcpSocket listener, client;
  if (!listener.Bind(port)) return false;
  // Not before Bind, or it would take reserved ports; and it must be on, or nobody could have this one.
  if (!listener.ReuseAddress() || !listener.Listen() || !client.Connect(port)) return false;
  // Closed before the client: who closes first is left in TIME_WAIT.
  const TcpSocket accepted(listener.Accept());
  return accepted.ok();
}

}  // namespace

Result<int> ReserveLoopbackPort() {
  constexpr int kLow = 10000;  // below live well-known services
  SystemRandom random;
  const int count = std::max(EphemeralStart() - kLow, 10'000);  // some machines give nearly all to outgoing ones
  for (int tries = 0; tries < 10000; ++tries) {
    const int port = kLow + static_cast<int>(random.Below(static_cast<uint64_t>(count)));
    if (TryReserve(port)) return port;
  }
  return ResourceExhaustedError("no free ports on 127.0.0.1");
}

bool PortIsFree(int port) {
  const TcpSocket socket;
  return socket.ReuseAddress() && socket.Bind(port) && socket.Listen();
}

// Lines of proc_net(5): number, local address in hexadecimal with the port behind a colon, remote address, state
// (0A: listens).
bool IsListening(int port) {
  const std::string wanted = fmt::format(":{:04X}", port);
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string number, local, remote, state;
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      if (fields >> number >> local >> remote >> state && state == "0A" && local.ends_with(wanted)) return true;
    }
  }
  return false;
}

}  // namespace pbfs
