#include "bench/slow_clients.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace pbfs::bench {
namespace {

constexpr Duration kDrip = std::chrono::milliseconds(200);
constexpr size_t kSentSlowly = 1 << 20;
constexpr int kLittleRoom = 4096;  // for what comes: else the kernel takes megabytes of an answer at once

}  // namespace

SlowClients::SlowClients(const S3Site& site, int count, std::string large, std::string sink)
    : site_(site), count_(static_cast<size_t>(count)), large_(std::move(large)), sink_(std::move(sink)) {
  for (size_t i = 0; i < count_; ++i) clients_.push_back(Begin(i));
  thread_ = Thread("slow", [this] { Run(); });
}

SlowClients::~SlowClients() {
  MutexLock lock(mutex_);
  over_ = true;
  over_changed_.NotifyAll();
}

S3Connection SlowClients::Begin(size_t number) const {
  S3Connection connection(site_);
  setsockopt(connection.fd(), SOL_SOCKET, SO_RCVBUF, &kLittleRoom, sizeof kLittleRoom);
  if (number % 2 == 0)
    connection.SendHead("PUT", sink_ + std::to_string(number), kSentSlowly);
  else
    connection.SendHead("GET", large_, 0);
  return connection;
}

void SlowClients::Run() {
  MutexLock lock(mutex_);
  while (!over_) {
    for (size_t i = 0; i < count_; ++i) {
      if (Drip(clients_[i], i % 2 == 0)) continue;
      ++thrown_out_;
      clients_[i] = Begin(i);
    }
    over_changed_.WaitUntil(mutex_, MonotonicNow() + kDrip);
  }
}

/// False: the gateway has had enough of it.
bool SlowClients::Drip(const S3Connection& connection, bool sends) {
  char byte = 'x';
  const ssize_t done = sends ? send(connection.fd(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT)
                             : recv(connection.fd(), &byte, 1, MSG_DONTWAIT);
  return done == 1 || (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

}  // namespace pbfs::bench
