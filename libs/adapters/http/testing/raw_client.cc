#include "libs/adapters/http/testing/raw_client.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pbfs {
namespace {

constexpr timeval kPatience{20, 0};

void SetTimeout(int socket, int option, timeval timeout) {
  setsockopt(socket, SOL_SOCKET, option, &timeout, sizeof timeout);
}

}  // namespace

struct RawClient::Impl {
  int socket = -1;
  bool ok = false;
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  std::string in;  // came and was not looked at yet
  bool ended = false;
  bool clean_end = false;  // if ended

  ~Impl() {
    SSL_free(ssl);
    SSL_CTX_free(context);
    if (socket >= 0) close(socket);
  }
  bool HandshakeTls(int highest);
  bool Fill();
  bool FillTo(size_t bytes);
  bool ReadLine(std::string& line);
  bool ReadBytes(int64_t count, Bytes& out);
  bool ReadChunks(Bytes& out);
  bool ReadHead(Answer& answer);
  bool ReadBody(std::string_view method, Answer& answer);
};

bool RawClient::Impl::HandshakeTls(int highest) {
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  if (highest != 0) SSL_CTX_set_max_proto_version(context, highest);
  ssl = SSL_new(context);
  SSL_set_fd(ssl, socket);
  return SSL_connect(ssl) == 1;
}

/// More bytes, or false at the end.
bool RawClient::Impl::Fill() {
  if (ended) return false;  // a reset is told once only
  char buffer[64 * 1024];
  const auto count = ssl != nullptr ? SSL_read(ssl, buffer, sizeof buffer) : recv(socket, buffer, sizeof buffer, 0);
  if (count > 0) return in.append(buffer, static_cast<size_t>(count)), true;
  ended = true;
  clean_end = ssl != nullptr ? SSL_get_error(ssl, static_cast<int>(count)) == SSL_ERROR_ZERO_RETURN : count == 0;
  return false;
}

bool RawClient::Impl::FillTo(size_t bytes) {
  while (in.size() < bytes) {
    if (!Fill()) return false;
  }
  return true;
}

bool RawClient::Impl::ReadLine(std::string& line) {
  size_t end;
  while ((end = in.find("\r\n")) == std::string::npos) {
    if (!Fill()) return false;
  }
  line = in.substr(0, end);
  in.erase(0, end + 2);
  return true;
}

bool RawClient::Impl::ReadBytes(int64_t count, Bytes& out) {
  const bool whole = FillTo(static_cast<size_t>(count));
  const size_t taken = std::min(in.size(), static_cast<size_t>(count));
  out.insert(out.end(), in.begin(), in.begin() + static_cast<ptrdiff_t>(taken));
  in.erase(0, taken);
  return whole;
}

bool RawClient::Impl::ReadChunks(Bytes& out) {
  for (std::string line;;) {
    if (!ReadLine(line)) return false;
    const auto size = static_cast<int64_t>(std::strtoull(line.c_str(), nullptr, 16));
    if (!ReadBytes(size, out) || !ReadLine(line) || !line.empty()) return false;
    if (size == 0) return true;
  }
}

bool RawClient::Impl::ReadHead(Answer& answer) {
  std::string line;
  if (!ReadLine(line) || !line.starts_with("HTTP/1.1 ")) return false;
  answer.head = {std::atoi(line.c_str() + 9), {}, std::nullopt};
  while (ReadLine(line) && !line.empty()) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) return false;
    answer.head.fields.Add(line.substr(0, colon), line.substr(colon + 2));
  }
  const auto length = answer.head.fields.Find("Content-Length");
  if (length) answer.head.length = std::atoll(std::string(*length).c_str());
  answer.closes = answer.head.fields.Get("Connection") == "close";
  return line.empty();
}

bool RawClient::Impl::ReadBody(std::string_view method, Answer& answer) {
  if (!HasBody(method, answer.head.status)) return true;
  if (answer.head.fields.Get("Transfer-Encoding") == "chunked") return ReadChunks(answer.body);
  if (answer.head.length) return ReadBytes(*answer.head.length, answer.body);
  while (Fill()) {
  }
  answer.body.assign(in.begin(), in.end());
  in.clear();
  return clean_end;
}

RawClient::RawClient(int port, bool tls, int highest_tls) : impl_(std::make_unique<Impl>()) {
  impl_->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SetTimeout(impl_->socket, SO_RCVTIMEO, kPatience);
  SetTimeout(impl_->socket, SO_SNDTIMEO, kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  impl_->ok = connect(impl_->socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (impl_->ok && tls) impl_->ok = impl_->HandshakeTls(highest_tls);
}

RawClient::~RawClient() = default;
RawClient::RawClient(RawClient&&) noexcept = default;

bool RawClient::ok() const { return impl_->ok; }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = impl_->ssl != nullptr ? SSL_write(impl_->ssl, bytes.data(), static_cast<int>(bytes.size()))
                                             : send(impl_->socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

size_t RawClient::SendWhatIsTaken(std::string_view bytes) {
  SetTimeout(impl_->socket, SO_SNDTIMEO, {0, 100'000});
  size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = send(impl_->socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<size_t>(count);
  }
  SetTimeout(impl_->socket, SO_SNDTIMEO, kPatience);
  return sent;
}

void RawClient::FinishSending() {
  if (impl_->ssl != nullptr) {
    SSL_shutdown(impl_->ssl);
  } else {
    shutdown(impl_->socket, SHUT_WR);
  }
}

void RawClient::Reset() {
  const linger abort{1, 0};
  setsockopt(impl_->socket, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  close(std::exchange(impl_->socket, -1));
}

RawClient::Answer RawClient::ReadAnswer(std::string_view method) {
  Answer answer;
  while (impl_->ReadHead(answer)) {
    if (answer.head.status == 100) {
      answer = {{}, answer.continues + 1, false};
      continue;
    }
    answer.begun = true;
    answer.complete = impl_->ReadBody(method, answer);
    return answer;
  }
  return answer;
}

bool RawClient::EndsCleanly() { return impl_->in.empty() && !impl_->Fill() && impl_->clean_end; }

std::string RawClient::ServerCertificate() const {
  X509* certificate = SSL_get1_peer_certificate(impl_->ssl);
  if (certificate == nullptr) return {};
  char name[200] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* hex = BN_bn2hex(serial);
  std::string text = std::string(name) + ' ' + hex;
  OPENSSL_free(hex);
  BN_free(serial);
  X509_free(certificate);
  return text;
}

}  // namespace pbfs
