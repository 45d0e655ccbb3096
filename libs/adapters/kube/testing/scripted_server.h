#pragma once

#include <memory>
#include <string>

#include "libs/adapters/grpc/loopback.h"
#include "libs/adapters/kube/kube_client.h"
#include "libs/adapters/kube/testing/https_server.h"
#include "libs/base/testing.h"

namespace pbfs::kube {

/// A server that answers every request with what the test says. For tests only.
class ScriptedServer {
 public:
  explicit ScriptedServer(HttpsServer::Handler handler)
      : server_(*TestCertificates::Get().authority.IssueLocal("scripted"), std::move(handler)) {
    EXPECT_OK(server_.Start());
  }
  std::unique_ptr<KubeClient> Client(KubeClient::Options options) const {
    options.server = "https://127.0.0.1:" + std::to_string(server_.port());
    return *KubeClient::Open(options);
  }

 private:
  HttpsServer server_;
};

}  // namespace pbfs::kube
