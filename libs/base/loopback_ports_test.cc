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

// Listens at a port, as servers do.
class Listener {
 public:
  explicit Listener(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    PBFS_CHECK(setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    PBFS_CHECK(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd_, 1) == 0);
  }
  ~Listener() { close(fd_); }

 private:
  const int fd_;
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
  ASSERT_OK_AND_ASSIGN(const int port, ReserveLoopbackPort());
  EXPECT_FALSE(IsListening(port));
  {
    const Listener listener(port);  // the reservation lets it
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
