#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "libs/adapters/kube/kube_client.h"

namespace pbfs::kube {

/// A real API server, named by environment variables: docs/operations/kubernetes-leases.md. For tests only.
struct RealCluster {
  std::string server, ca_file, token_file, space;
  std::string stop, start;  // shell commands

  /// Ends the program, and so fails the test, if one is not set.
  static const RealCluster& Get() {
    static const RealCluster kCluster = FromEnvironment();
    return kCluster;
  }
  std::unique_ptr<KubeClient> Client() const {
    auto client = KubeClient::Open({server, ca_file, token_file});
    PBFS_CHECK(client.ok(), client.status().message());
    return *std::move(client);
  }

 private:
  static RealCluster FromEnvironment() {
    std::string missing;
    const auto get = [&](const std::string& name) -> std::string {
      const char* value = std::getenv(("PBFS_KUBE_" + name).c_str());
      if (value == nullptr || *value == '\0') missing += " PBFS_KUBE_" + name;
      return value == nullptr ? "" : value;
    };
    const RealCluster cluster{get("SERVER"),    get("CA_FILE"), get("TOKEN_FILE"),
                              get("NAMESPACE"), get("STOP"),    get("START")};
    PBFS_CHECK(missing.empty(), "set" + missing + ": docs/operations/kubernetes-leases.md says to what");
    return cluster;
  }
};

}  // namespace pbfs::kube
