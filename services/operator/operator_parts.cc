#include "services/operator/operator_parts.h"

#include <cstdlib>
#include <memory>
#include <optional>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "libs/adapters/kube/dialing_probe.h"
#include "libs/adapters/kube/kube_objects.h"
#include "libs/adapters/postgres/migrations.h"
#include "libs/base/stop_signal.h"
#include "libs/runtime/program.h"
#include "libs/runtime/role_turn.h"
#include "services/operator/bucket_reconciler.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/connection_door.h"
#include "services/operator/controller.h"
#include "services/operator/key_reconciler.h"
#include "services/operator/operator_metrics.h"
#include "services/operator/replication_reconciler.h"

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
        metrics_.LeadsNoMore();
      }
      if (controller_ != nullptr) metrics_.Leads(controller_->depth());
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
  kube::CountedKube counted(objects,
                            [&](size_t method, StatusCode code, Duration took) { report.OnCall(method, code, took); });
  SystemClock clock;
  SystemRandom random;
  ConnectionDoor door(settings.directory);
  kube::DialingProbe probe;
  const OperatorWorld world{counted, door, probe, clock, random};
  const OperatorOptions options = OptionsOf(settings);
  SiteDirectory sites;
  ClusterReconciler clusters(world, options, sites);
  BucketReconciler buckets(world, options, sites);
  KeyReconciler keys(world, options, sites);
  ReplicationReconciler links(world, options);
  const auto of = [](auto& reconciler) {
    return [&reconciler](const Context& context, const std::string& space, const std::string& name) {
      return reconciler.Reconcile(context, space, name);
    };
  };
  const auto begin = [&] {
    Controller::Options how;
    how.space = settings.watch_space;
    how.threads = settings.threads;
    how.observer = &report;
    return std::make_unique<Controller>(counted, random,
                                        std::vector<Controller::Kind>{{kube::kinds::kPbfsCluster, of(clusters)},
                                                                      {kube::kinds::kPbfsBucket, of(buckets)},
                                                                      {kube::kinds::kPbfsAccessKey, of(keys)},
                                                                      {kube::kinds::kPbfsSiteReplication, of(links)}},
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
