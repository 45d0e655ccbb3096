#include "libs/runtime/coordinator.h"

#include <utility>

#include "libs/adapters/etcd/etcd_leases.h"
#include "libs/adapters/kube/kube_leases.h"

namespace pbfs {
namespace {

class NoCoordinator final : public Coordinator {
 public:
  Leases* leases() override { return nullptr; }
  LeaseKeeper::Options keeping() const override { return {}; }
};

class EtcdCoordinator final : public Coordinator {
 public:
  EtcdCoordinator(const EtcdSettings& settings, const TransportSecurity& security)
      : leases_(settings.endpoints, security, settings.prefix) {}
  Leases* leases() override { return &leases_; }
  LeaseKeeper::Options keeping() const override { return {}; }

 private:
  EtcdLeases leases_;
};

class KubeCoordinator final : public Coordinator {
 public:
  KubeCoordinator(std::unique_ptr<kube::KubeClient> client, const kube::LeaseObjects& objects)
      : client_(std::move(client)), leases_(*client_, clock_, random_, objects) {}
  Leases* leases() override { return &leases_; }
  LeaseKeeper::Options keeping() const override { return {std::chrono::seconds(30), std::chrono::seconds(5)}; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  const std::unique_ptr<kube::KubeClient> client_;
  kube::KubeLeases leases_;
};

Result<std::unique_ptr<Coordinator>> OpenKube(const KubernetesSettings& settings) {
  std::string space = settings.space;
  if (space.empty()) {
    PBFS_ASSIGN_OR_RETURN(space, kube::ReadTextFile(kube::kPodNamespaceFile));
  }
  PBFS_ASSIGN_OR_RETURN(const auto objects, kube::LeaseObjects::Make(settings.cluster, space));
  PBFS_ASSIGN_OR_RETURN(auto client, kube::KubeClient::Open({settings.server, settings.ca_file, settings.token_file}));
  return std::unique_ptr<Coordinator>(std::make_unique<KubeCoordinator>(std::move(client), objects));
}

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::Open(const LeaseSettings& settings) {
  if (!settings.kubernetes.cluster.empty()) return OpenKube(settings.kubernetes);
  if (settings.etcd.endpoints.empty()) return std::unique_ptr<Coordinator>(std::make_unique<NoCoordinator>());
  PBFS_ASSIGN_OR_RETURN(const auto security, TransportSecurity::MutualTls(settings.etcd.tls));
  return std::unique_ptr<Coordinator>(std::make_unique<EtcdCoordinator>(settings.etcd, security));
}

}  // namespace pbfs
