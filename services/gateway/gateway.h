#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "libs/access/access_keys.h"
#include "libs/base/random.h"
#include "libs/http/exchange.h"
#include "services/gateway/site.h"

namespace pbfs::gateway {

/// What became of a request, for the access log and the metrics. Nothing in it is a secret.
struct Served {
  int64_t began_ms = 0;
  std::string request_id;
  std::string operation;  // "GetObject"; "Unknown" before it was understood
  std::string method;
  std::string path;  // of the target, as sent
  std::string bucket, key;
  std::string access_key, user;  // empty: anonymous, or not known
  std::string peer;
  int status = 0;
  std::string error;           // the code of S3; empty: none
  std::string detail;          // what the error document does not tell: of InternalError and ServiceUnavailable
  int64_t received_bytes = 0;  // announced by the request
  int64_t sent_bytes = 0;
  Duration took{};
};
using Observer = std::function<void(const Served&)>;

/// S3 over HTTP: finds out who asks for what, runs the operation, and turns a failure into S3's error document. The encrypting client of
/// those who do not encrypt themselves. Threads: any; all parts outlive it.
class Gateway final : public HttpHandler {
 public:
  struct Dependencies {
    Client& client;
    AccessKeys& keys;
    SystemBucket& documents;
    const Clock& clock;
    Random& random;
    Observer observer;  // may be empty
  };
  Gateway(GatewayOptions options, const Dependencies& dependencies);

  void Handle(const Context& context, HttpExchange& exchange) override;
  std::pair<HttpResponse, std::string> Overloaded() const override;

  // What requests by another protocol share with those by HTTP (object_service.h):
  Site& site() { return site_; }
  std::string NewRequestId();
  /// Does `deed` if the caller may do `action` (routes.h). Errors: AccessDenied, also instead of NoSuchKey where the caller may not
  /// know which keys there are; those of the deed.
  Status Perform(Call& call, const std::string& action, const std::function<Status()>& deed);
  /// Tells the observer what became of a request; `served` has the path, the status, the error and the bytes already.
  void Report(const Call& call, Served served, MonotonicTime began);

 private:
  Status Serve(Call& call);
  Status Authenticate(Call& call);
  Status PrepareCors(Call& call);
  Status Hide(Call& call, const Status& failed);
  void Fail(Call& call, const Status& failed, Served& served);

  const GatewayOptions options_;
  Dependencies to_;
  OpenBuckets buckets_;
  Access access_;
  PatchTokens tokens_;
  Executor executor_;
  MemoryBudget bodies_;
  Site site_;
};

}  // namespace pbfs::gateway
