#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/http/memory_exchange.h"

namespace pbfs {

/// One connection of a client that sends what it is told, right or wrong, and looks closely at what comes back. For tests.
/// Nothing takes longer than 20 seconds. Threads: one at a time.
class RawClient {
 public:
  /// To 127.0.0.1. With TLS no certificate is checked. A connection that cannot be had, or whose handshake fails, is not ok().
  explicit RawClient(int port, bool tls = false, int highest_tls = 0);
  ~RawClient();
  RawClient(RawClient&&) noexcept;

  bool ok() const;
  /// False: the other end takes no more.
  bool Send(std::string_view bytes);
  /// As much of `bytes` as is taken until nothing is for a tenth of a second; its count.
  size_t SendWhatIsTaken(std::string_view bytes);
  /// No more will be sent.
  void FinishSending();
  /// Breaks off.
  void Reset();

  struct Answer : HttpAnswer {
    int continues = 0;    // "100 Continue" before it
    bool closes = false;  // says "Connection: close"
  };
  /// The next answer; not begun if none comes.
  Answer ReadAnswer(std::string_view method = "GET");
  /// Sends, and reads one answer.
  Answer Ask(std::string_view request) {
    Send(request);
    return ReadAnswer(request.substr(0, request.find(' ')));
  }
  /// The other end has ended the connection well, with nothing more to say. Waits for it.
  bool EndsCleanly();
  /// The common name of the server's certificate, and its serial number.
  std::string ServerCertificate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
