#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs::kube {

/// HTTP/1.1 over TLS to one server, by libcurl. The server is checked against the CA file and nothing else: the
/// machine's own authorities, proxies of the environment, redirects and compression are off. Every answer is bounded.
/// Threads: any; each call uses one of a few kept connections.
class HttpsClient {
 public:
  struct Options {
    std::string server;   // https://host:port
    std::string ca_file;  // PEM; read again for connections made a minute later
    int64_t max_body_bytes = 32 << 20;
    Duration connect = std::chrono::seconds(5);
  };
  struct Request {
    std::string method = "GET";
    std::string path;                               // with its query, escaped
    std::string token;                              // bearer; empty: none
    std::string body;                               // empty: none
    std::string content_type = "application/json";  // of the body
  };
  struct Reply {
    int status = 0;
    std::string body;             // without what went to `on_bytes`
    int64_t retry_after_ms = -1;  // what the server asks for; -1: nothing
  };
  /// Takes the bytes of a successful answer as they come; false ends the call.
  using OnBytes = std::function<bool(std::string_view)>;

  explicit HttpsClient(Options options);
  ~HttpsClient();

  /// Any answer of the server is OK, whatever its status. Bounded by context.deadline; cancelling is seen in 100 ms.
  /// Errors: UNAVAILABLE no connection, no trust, cut off, too large; DEADLINE_EXCEEDED; CANCELLED. What was asked for
  /// may have happened all the same.
  Result<Reply> Call(const Context& context, const Request& request, const OnBytes& on_bytes = {});

 private:
  struct Transfer;
  std::unique_ptr<Transfer> Take();
  void PutBack(std::unique_ptr<Transfer> transfer);

  const Options options_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> idle_ PBFS_GUARDED_BY(mutex_);  // each with its connection
};

/// RFC 3986: everything but letters, digits and -._~ as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace pbfs::kube
