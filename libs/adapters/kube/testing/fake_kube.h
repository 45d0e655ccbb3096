#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "libs/adapters/grpc/loopback.h"
#include "libs/adapters/kube/kube_client.h"
#include "libs/adapters/kube/testing/fake_api_server.h"

namespace pbfs::kube {

/// A fake API server with what a client needs to reach it. For tests only.
class FakeKube {
 public:
  FakeKube() { SetTokenFile("token-1"); }

  FakeApiServer& server() { return server_; }
  void SetTokenFile(const std::string& token) {
    const std::string next = directory_.path() + "/next";
    std::ofstream(next) << token << "\n";
    std::filesystem::rename(next, directory_.path() + "/token");  // whole or not at all, as the kubelet does it
  }
  KubeClient::Options Options() const {
    const TestDirectory& certificates = TestCertificates::Get().directory;
    return {server_.url(), certificates.path() + "/ca.pem", directory_.path() + "/token"};
  }
  std::unique_ptr<KubeClient> Client() const { return *KubeClient::Open(Options()); }

 private:
  TestDirectory directory_;
  FakeApiServer server_{*TestCertificates::Get().authority.IssueLocal("api-server")};
};

}  // namespace pbfs::kube
