#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/kube/https_client.h"
#include "libs/adapters/kube/token_file.h"
#include "libs/adapters/kube/watch_parser.h"
#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// A small client of a Kubernetes API server: the calls that PBFS needs, on any kind of object, as JSON. It caches
/// nothing, repeats nothing (but a call whose token was refused, with a newer token) and limits no rate. Threads: any;
/// each call blocks, for at most Options::call or until context.deadline.
///
/// Paths are those of the API, without a query: a collection "/apis/coordination.k8s.io/v1/namespaces/ns/leases" or an
/// object in it; the caller has checked the names. resourceVersions are opaque: compare for equality only.
///
/// Errors of all calls, with the server's own message:
///   UNAVAILABLE        no connection, the server is overloaded or broken (500, 502, 503, 504), or makes no sense
///   DEADLINE_EXCEEDED  context.deadline came; after this and UNAVAILABLE a write may have happened: read first
///   RESOURCE_EXHAUSTED 429. Also a list of over 20 000 objects or 256 MiB
///   NOT_FOUND          404 of the API: no such object      UNIMPLEMENTED any other 404: no such group or kind
///   ALREADY_EXISTS     409 of a create                     ABORTED 409: another version is there, read again
///   FAILED_PRECONDITION 409 because of another manager's fields, 403 because the namespace is ending; detail kCause
///   OUT_OF_RANGE       410: the version to go on from is too old, list again
///   PERMISSION_DENIED  403, naming verb and resource       UNAUTHENTICATED 401 with the newest token
///   INVALID_ARGUMENT   400, 405, 413 (detail kCause), 415, 422: must not be repeated as it is
/// With 429 and 5xx comes the detail kRetryAfterMs, if the server says so.
class KubeClient {
 public:
  struct Options {
    std::string server;      // https://host:port
    std::string ca_file;     // PEM of the authority that signs the server's certificate
    std::string token_file;  // bearer token, read again when it changes
    Duration call = std::chrono::seconds(10);
  };
  /// Connects lazily. Errors: INVALID_ARGUMENT a server that is not https; FAILED_PRECONDITION naming a file that
  /// cannot be read.
  static Result<std::unique_ptr<KubeClient>> Open(const Options& options);

  Result<Json> Get(const Context& context, const std::string& object_path);
  /// `manager`: under what name the server keeps who wrote the fields; empty: that of the user agent.
  Result<Json> Create(const Context& context, const std::string& collection, const Json& object,
                      const std::string& manager = "");
  /// Server-side apply. `object_path` may end with "/status". Errors: INVALID_ARGUMENT; FAILED_PRECONDITION unless
  /// `force`; ABORTED it names another version; NOT_FOUND of a status.
  Result<Json> Apply(const Context& context, const std::string& object_path, const Json& intent,
                     const std::string& manager, bool force);
  /// Puts `object` in place of the version that it names in metadata.resourceVersion. Errors: INVALID_ARGUMENT it names
  /// none (servers overwrite some kinds silently then); ABORTED, NOT_FOUND.
  Result<Json> Replace(const Context& context, const std::string& object_path, const Json& object);
  /// Errors: ABORTED it has another uid or version; NOT_FOUND.
  Status Delete(const Context& context, const std::string& object_path, const DeleteOptions& options);

  /// All objects of a collection that fit `labels` ("a=b,c=d"; empty: all), read by pages of 500 as they are now (a
  /// read that the server confirms with its store).
  Result<ObjectList> List(const Context& context, const std::string& collection, const std::string& labels);
  /// Reads one object of the collection and throws it away: OK shows that the server serves what is now.
  Status Probe(const Context& context, const std::string& collection);

  /// Tells every change after `version` until the server ends the watch, which it is asked to do after `timeout`, or
  /// `context` ends; a server silent for twice that is cut off. `on_event` runs on this thread. Bookmarks come too:
  /// keep their version.
  /// OK: it ended as it should, watch on from the last version. OUT_OF_RANGE: that is too old, list again.
  Status Watch(const Context& context, const std::string& collection, const std::string& labels,
               const std::string& version, Duration timeout, const std::function<void(const WatchEvent&)>& on_event);

 private:
  KubeClient(const Options& options, std::unique_ptr<TokenFile> token);
  Result<HttpsClient::Reply> Call(const Context& context, HttpsClient::Request request,
                                  const HttpsClient::OnBytes& on_bytes = {});
  Result<Json> CallJson(const Context& context, HttpsClient::Request request, int64_t* size_bytes = nullptr);
  Result<Json> Page(const Context& context, const std::string& collection, const std::string& labels, int limit,
                    const std::string& next, int64_t* size_bytes);
  Result<ObjectList> ListOnce(const Context& context, const std::string& collection, const std::string& labels);

  const Options options_;
  const std::unique_ptr<TokenFile> token_;
  HttpsClient https_;
};

}  // namespace pbfs::kube
