#include "libs/base/loopback_ports.h"

#include <atomic>
#include <set>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/sync.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

// Listens for a moment, at a port that the kernel chooses.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    PBFS_CHECK(listen(fd_, 1) == 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    PBFS_CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
};

// Clusters that start side by side choose their ports before they listen on them. With a fiftieth of all ports taken by
// each of two processes, two independent choices would meet about ten times.
TEST(LoopbackPorts, AReservedPortIsNobodyElses) {
  constexpr int kEach = 450;
  int ends[2];  // read, write
  ASSERT_EQ(pipe(ends), 0);
  const pid_t other = fork();
  if (other == 0) {
    for (int i = 0; i < kEach; ++i) {
      const int port = *ReserveLoopbackPort();
      if (write(ends[1], &port, sizeof port) != sizeof port) _exit(1);
    }
    _exit(0);
  }
  std::set<int> ports;
  for (int i = 0; i < kEach; ++i) {
    ASSERT_OK_AND_ASSIGN(const int port, ReserveLoopbackPort());
    ports.insert(port);
    int theirs = 0;
    ASSERT_EQ(read(ends[0], &theirs, sizeof theirs), static_cast<ssize_t>(sizeof theirs));
    ports.insert(theirs);
  }
  int state = 0;
  ASSERT_EQ(waitpid(other, &state, 0), other);
  EXPECT_EQ(state, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(ports.size(), 2u * kEach);
  for (const int port : ports) EXPECT_TRUE(PortIsFree(port)) << port;
}

TEST(LoopbackPorts, WhoListensIsSeen) {
  int port = 0;
  {
    const Listener listener;
    port = listener.port();
    EXPECT_TRUE(IsListening(port));
    EXPECT_FALSE(PortIsFree(port));
  }
  EXPECT_FALSE(IsListening(port));
  EXPECT_TRUE(PortIsFree(port));
}

// A cluster that is started looks for its processes while they take their ports.
TEST(LoopbackPorts, LookingForAProcessNeverTakesItsPort) {
  ASSERT_OK_AND_ASSIGN(const int port, ReserveLoopbackPort());
  std::atomic<bool> stop{false};
  Thread looker("looker", [&] {
    while (!stop) (void)IsListening(port);
  });
  int refused = 0;
  for (int i = 0; i < 2000; ++i) refused += PortIsFree(port) ? 0 : 1;  // listens for a moment
  stop = true;
  looker.Join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace pbfs
