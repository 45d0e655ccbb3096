#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libs/client/client.h"
#include "libs/runtime/settings.h"

namespace pbfs {

/// Where a client is not like another.
struct ConnectionOptions {
  std::optional<Duration> last_receipts;  // of ClientOptions, where its default will not do
  /// Off: a command ends when it is done, and what it had begun in the background with it; pbfs rehome is for that.
  bool rehome_offers = false;
};

/// A client over the wire, with everything that it needs: made from a configuration file: the one place where the parts
/// of a client are put together.
class Connection {
 public:
  /// Reads configuration, certificates and keys; connects lazily. Errors: INVALID_ARGUMENT naming the file and the field.
  static Result<std::unique_ptr<Connection>> Open(const std::string& config, const ConnectionOptions& options = {});
  /// The same with settings that were read already; `config` is their file, for errors.
  static Result<std::unique_ptr<Connection>> Open(const ClientSettings& settings, const std::string& config,
                                                  const ConnectionOptions& options = {});
  /// The same without the TLS of the configuration: for benchmarks, of servers that have none.
  static Result<std::unique_ptr<Connection>> OpenInClear(const std::string& config);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Client& client();
  /// The stores that it writes to and reads from, for those who look at them directly.
  FragmentStores& stores();
  /// The cluster map, and membership.
  Groups& groups();
  Repairs& repairs();
  /// Only what anybody may ask: GetGarbage and AskForPass.
  Garbage& garbage();
  Recodes& recodes();
  /// The settings of buckets, for those who change them.
  Buckets& buckets();

 private:
  struct Parts;
  static Result<std::unique_ptr<Connection>> Open(const ClientSettings& settings, const TransportSecurity& security,
                                                  const std::string& config, const ConnectionOptions& options);
  explicit Connection(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace pbfs
