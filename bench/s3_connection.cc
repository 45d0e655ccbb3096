#include "bench/s3_connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/check.h"
#include "libs/base/clock.h"

namespace pbfs::bench {
namespace {

constexpr size_t kHeadRead = 16 * 1024;

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PBFS_CHECK(fd >= 0, "no socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  PBFS_CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "the gateway is not there");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::string HeadOf(const S3Site& site, std::string_view method, const std::string& path, size_t body_bytes) {
  HttpRequest request;
  request.method = method;
  request.target = path;
  request.fields.Add("Host", "127.0.0.1:" + std::to_string(site.port));
  s3::SignRequest(site.signer, SystemClock().NowMillis(), "UNSIGNED-PAYLOAD", request);
  if (method == "PUT") request.fields.Add("Content-Length", std::to_string(body_bytes));
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.fields) head += name + ": " + value + "\r\n";
  return head + "\r\n";
}

}  // namespace

S3Connection::S3Connection(const S3Site& site) : site_(&site), fd_(Connect(site.port)) {}
S3Connection::S3Connection(S3Connection&& other) noexcept
    : site_(other.site_), fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}
S3Connection& S3Connection::operator=(S3Connection&& other) noexcept {
  std::swap(site_, other.site_);
  std::swap(fd_, other.fd_);
  std::swap(in_, other.in_);
  return *this;
}
S3Connection::~S3Connection() {
  if (fd_ >= 0) close(fd_);
}

void S3Connection::RenewIfClosed() {
  char next = 0;
  if (recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) != 0) return;
  close(fd_);
  fd_ = Connect(site_->port);
}

void S3Connection::SendHead(std::string_view method, const std::string& path, size_t body_bytes) {
  RenewIfClosed();
  SendAll(HeadOf(*site_, method, path, body_bytes), {});
}

void S3Connection::Put(const std::string& path, ByteSpan body) {
  RenewIfClosed();
  SendAll(HeadOf(*site_, "PUT", path, body.size()), body);
  PBFS_CHECK(ReadHead() == 0 && in_.empty(), "the answer to a PUT has no body");
}

void S3Connection::Get(const std::string& path, MutableByteSpan out) {
  SendHead("GET", path, 0);
  PBFS_CHECK(ReadHead() == out.size(), "the object has another size");
  const size_t there = std::min(in_.size(), out.size());
  std::memcpy(out.data(), in_.data(), there);
  in_.erase(0, there);
  for (MutableByteSpan rest = out.subspan(there); !rest.empty();) {
    const ssize_t got = read(fd_, rest.data(), rest.size());
    PBFS_CHECK(got > 0, "the answer ends too early");
    rest = rest.subspan(static_cast<size_t>(got));
  }
}

size_t S3Connection::GetAndDrop(const std::string& path, MutableByteSpan scratch) {
  SendHead("GET", path, 0);
  const size_t size = ReadHead();
  size_t rest = size - std::min(size, in_.size());
  in_.clear();
  while (rest > 0) {
    const ssize_t got = read(fd_, scratch.data(), std::min(rest, scratch.size()));
    PBFS_CHECK(got > 0, "the answer ends too early");
    rest -= static_cast<size_t>(got);
  }
  return size;
}

void S3Connection::SendAll(std::string_view head, ByteSpan body) const {
  while (!head.empty() || !body.empty()) {
    iovec parts[] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<uint8_t*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
    PBFS_CHECK(sent > 0, "the gateway takes no more");
    const size_t of_head = std::min(head.size(), static_cast<size_t>(sent));
    head.remove_prefix(of_head);
    body = body.subspan(static_cast<size_t>(sent) - of_head);
  }
}

/// Reads up to the end of a head of status 2xx; the Content-Length.
size_t S3Connection::ReadHead() {
  size_t end = in_.find("\r\n\r\n");
  while (end == std::string::npos) {
    const size_t have = in_.size();
    in_.resize(have + kHeadRead);
    const ssize_t got = read(fd_, in_.data() + have, kHeadRead);
    PBFS_CHECK(got > 0, "no answer");
    in_.resize(have + static_cast<size_t>(got));
    end = in_.find("\r\n\r\n", have < 3 ? 0 : have - 3);
  }
  PBFS_CHECK(in_.starts_with("HTTP/1.1 2"), in_.substr(0, 2000));
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  size_t length = 0;
  if (const size_t at = in_.find(kLength); at < end)
    std::from_chars(in_.data() + at + kLength.size(), in_.data() + end, length);
  in_.erase(0, end + 4);
  return length;
}

}  // namespace pbfs::bench
