#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/result.h"

namespace pbfs {

/// A small certificate authority for `pbfs local up` and for tests: ECDSA P-256, self-signed root, leaves for servers and
/// clients alike. A real cluster brings its own (cert-manager, for instance).
/// Files: <directory>/ca.pem, ca-key.pem, <name>.pem, <name>-key.pem; keys with mode 0600, written whole by rename.
/// Threads: one at a time.
class CertificateAuthority {
 public:
  /// Makes a new one in `directory`, which exists. Errors: FAILED_PRECONDITION naming the file.
  static Result<CertificateAuthority> Create(const std::string& directory);
  /// One that Create() left there.
  static Result<CertificateAuthority> Load(const std::string& directory);
  ~CertificateAuthority();
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;

  /// A leaf with common name `name`, good for `hosts` (names or IP addresses; clients need none), in files called after
  /// `name`. Again for the same name: a new key and certificate in the same place.
  Result<TlsFiles> Issue(const std::string& name, const std::vector<std::string>& hosts);
  /// A leaf for this machine's processes: localhost, 127.0.0.1 and ::1.
  Result<TlsFiles> IssueLocal(const std::string& name) { return Issue(name, {"localhost", "127.0.0.1", "::1"}); }

 private:
  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
