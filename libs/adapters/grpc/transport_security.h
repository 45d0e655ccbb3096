#pragma once

#include <memory>
#include <string>

#include "libs/base/result.h"

namespace pbfs {

/// PEM files of one process.
struct TlsFiles {
  std::string ca;    // authorities that sign peers
  std::string cert;  // own chain
  std::string key;   // own private key, mode 0600
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// How connections are protected. Inside the cluster by mutual TLS, always: both sides show a certificate of the cluster's CA, the
/// client also checks that the server's names the address. A value; copies share the credentials. Threads: any.
class TransportSecurity {
 public:
  /// The files are checked now, and re-read within seconds when they change; connections made later use the new ones.
  /// Errors: FAILED_PRECONDITION naming the file that is missing, unreadable, open to others, or does not fit the key.
  static Result<TransportSecurity> MutualTls(const TlsFiles& files);
  /// For a server whose clients show no certificate, but say otherwise who they are: the object API. Not for clients.
  /// Files and errors as above.
  static Result<TransportSecurity> ServerTls(const std::string& cert, const std::string& key);
  /// Clear text, for benchmarks and tests; no configuration leads here.
  static TransportSecurity Insecure();

  struct Credentials;  // of gRPC: wire.h
  const Credentials& credentials() const { return *credentials_; }

 private:
  std::shared_ptr<const Credentials> credentials_;
};

/// Who is at the other end, from its verified certificate; empty without TLS.
struct PeerIdentity {
  std::string common_name;
};

}  // namespace pbfs
