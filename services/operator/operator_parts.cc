#include "services/operator/operator_parts.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "libs/adapters/kube/kube_objects.h"
#include "libs/adapters/postgres/migrations.h"
#include "libs/base/stop_signal.h"
#include "libs/kube/counted_kube.h"
#include "libs/runtime/program.h"
#include "libs/runtime/role_turn.h"
#include "services/operator/bucket_reconciler.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/connection_door.h"
#include "services/operator/controller.h"
#include "services/operator/key_reconciler.h"

namespace pbfs::operators {
namespace {

std::string OwnName() {
  const char* pod = std::getenv("POD_NAME");
  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  return pod != nullptr ? pod : host;
}

OperatorOptions OptionsOf(const OperatorSettings& settings) {
  OperatorOptions options;
  options.images = {settings.gateway_image,           settings.catalog_image,  settings.fragment_store_image,
                    settings.garbage_collector_image, settings.repairer_image, settings.postgres_image};
  options.version = kReleaseVersion;
  options.schema = postgres::SchemaVersion();
  options.space = settings.kubernetes.space;
  options.name = OwnName();
  options.watch_space = settings.watch_space;
  return options;
}

/// What the operator does and whether it leads.
class OperatorMetrics {
 public:
  explicit OperatorMetrics(Metrics& metrics)
      : state_(metrics, "pbfs_operator", "What the operator is doing", "what"),
        looks_(&metrics, "pbfs_operator_reconcile", kKinds),
        requests_(&metrics, "pbfs_operator_api", kube::CountedKube::Methods()) {}

  void Looked(const std::string& kind, bool ok, Duration took) {
    const size_t index = static_cast<size_t>(std::find(kKinds.begin(), kKinds.end(), kind) - kKinds.begin());
    if (index == kKinds.size()) return;
    looks_.Begin();
    looks_.End(index, ok ? StatusCode::kOk : StatusCode::kUnknown, took);
  }
  void Requested(size_t method, StatusCode code, Duration took) {
    requests_.Begin();
    requests_.End(method, code, took);
  }
  void Report(bool leads, int64_t depth) { state_.Set("leads", leads ? 1 : 0), state_.Set("queue_depth", depth); }

 private:
  inline static const std::vector<std::string> kKinds = {"PBFSCluster", "PBFSBucket", "PBFSAccessKey"};
  Gauges state_;
  CallMetrics looks_, requests_;
};

/// Runs the controller while this process leads.
class Lead {
 public:
  Lead(const RoleTurn& turn, std::function<std::unique_ptr<Controller>()> begin, OperatorMetrics& metrics)
      : turn_(turn), begin_(std::move(begin)), metrics_(metrics), thread_("lead", [this] { Run(); }) {}
  ~Lead() {
    stop_.Stop();
    thread_.Join();
  }

 private:
  void Run() {
    do {
      if (turn_.IsMine() && controller_ == nullptr) {
        spdlog::info("leads");
        controller_ = begin_();
      } else if (!turn_.IsMine() && controller_ != nullptr) {
        spdlog::warn("leads no more: its lease could not be renewed");
        controller_.reset();
      }
      metrics_.Report(controller_ != nullptr, controller_ == nullptr ? 0 : controller_->depth());
    } while (stop_.Pause(std::chrono::milliseconds(500)));
    controller_.reset();
  }

  const RoleTurn& turn_;
  const std::function<std::unique_ptr<Controller>()> begin_;
  OperatorMetrics& metrics_;
  std::unique_ptr<Controller> controller_;  // of the thread
  StopSignal stop_;
  Thread thread_;  // last: it uses the above
};

}  // namespace

Status Operate(const OperatorSettings& given) {
  OperatorSettings settings = given;
  if (settings.kubernetes.space.empty()) {
    PBFS_ASSIGN_OR_RETURN(settings.kubernetes.space, kube::ReadTextFile(kube::kPodNamespaceFile));
  }
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-operator", settings, metrics));
  const KubernetesSettings& server = settings.kubernetes;
  PBFS_ASSIGN_OR_RETURN(const auto client, kube::KubeClient::Open({server.server, server.ca_file, server.token_file}));
  kube::KubeObjects objects(*client);
  OperatorMetrics report(metrics);
  kube::CountedKube counted(
      objects, [&](size_t method, StatusCode code, Duration took) { report.Requested(method, code, took); });
  SystemClock clock;
  SystemRandom random;
  ConnectionDoor door(settings.directory);
  const OperatorWorld world{counted, door, clock, random};
  const OperatorOptions options = OptionsOf(settings);
  SiteDirectory sites;
  ClusterReconciler clusters(world, options, sites);
  BucketReconciler buckets(world, options, sites);
  KeyReconciler keys(world, options, sites);
  const auto of = [](auto& reconciler) {
    return [&reconciler](const Context& context, const std::string& space, const std::string& name) {
      return reconciler.Reconcile(context, space, name);
    };
  };
  const auto begin = [&] {
    Controller::Options how;
    how.space = settings.watch_space;
    how.threads = settings.threads;
    how.observe = [&](const std::string& kind, bool ok, Duration took) { report.Looked(kind, ok, took); };
    return std::make_unique<Controller>(counted, random,
                                        std::vector<Controller::Kind>{{kube::kinds::kPbfsCluster, of(clusters)},
                                                                      {kube::kinds::kPbfsBucket, of(buckets)},
                                                                      {kube::kinds::kPbfsAccessKey, of(keys)}},
                                        how);
  };
  PBFS_ASSIGN_OR_RETURN(const auto turn, RoleTurn::Begin({.kubernetes = server}, "operator", random));
  {
    const Lead lead(*turn, begin, report);
    AwaitSignal();
  }
  spdlog::info("stopped");
  return OkStatus();
}

}  // namespace pbfs::operators
