#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/certificate_authority.h"
#include "libs/adapters/grpc/grpc_server.h"
#include "libs/base/testing.h"

namespace pbfs {

/// A directory that goes when this goes.
class TestDirectory {
 public:
  TestDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pbfs-grpc-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Certificates for tests, made once per process: P-256 keys are quick, but every test of a contract has a fixture.
struct TestCertificates {
  TestDirectory directory;
  CertificateAuthority authority = *CertificateAuthority::Create(directory.path());
  TransportSecurity server = *TransportSecurity::MutualTls(*authority.IssueLocal("server"));
  TransportSecurity client = *TransportSecurity::MutualTls(*authority.Issue("client", {}));

  static TestCertificates& Get() {
    static TestCertificates certificates;
    return certificates;
  }
};

/// A server on a free port of the loopback interface, by mutual TLS.
class Loopback {
 public:
  explicit Loopback(const std::vector<GrpcServant*>& servants)
      : server_(*GrpcServer::Start("127.0.0.1:0", TestCertificates::Get().server, servants)) {}
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  const TransportSecurity& client() const { return TestCertificates::Get().client; }
  GrpcServer& server() { return *server_; }

 private:
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace pbfs
