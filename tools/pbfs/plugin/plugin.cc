#include "tools/pbfs/plugin/plugin.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <sstream>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tools/pbfs/exit_codes.h"
#include "tools/pbfs/plugin/views.h"

namespace pbfs::plugin {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kPatience = std::chrono::seconds(60);
constexpr const char* kRestartedAt = "pbfs.dev/restartedAt";
constexpr const char* kAbout =
    "PBFS clusters of a Kubernetes. Objects are reached by kubectl, with its configuration and your rights.";
constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 not ready, or a race was lost, 5 no API server, 7 no right.\n\n"
    "Examples:\n"
    "  kubectl pbfs status                every cluster of the namespace\n"
    "  kubectl pbfs status demo -n storage\n"
    "  kubectl pbfs report demo -n storage >report.json";

struct Given {
  Kubectl::Options kubectl;
  std::string name;
  bool authority = false;
};

/// One command line that was understood.
class Plugin {
 public:
  Plugin(const PluginWorld& world, const Given& given)
      : world_(world), given_(given), user_(world.open(given.kubectl)), context_(Context::WithTimeout(kPatience)) {}

  Status PrintStatus() {
    if (!given_.name.empty()) {
      PBFS_ASSIGN_OR_RETURN(const Json cluster, Cluster());
      world_.say(ClusterView(cluster));
      return IsReady(cluster) ? OkStatus() : FailedPreconditionError(given_.name + " is not ready");
    }
    PBFS_ASSIGN_OR_RETURN(const std::vector<Json> clusters, user_->List(context_, kinds::kPbfsCluster, ""));
    world_.say(ClustersView(clusters));
    return OkStatus();
  }

  Status Stores() {
    PBFS_ASSIGN_OR_RETURN(const Json cluster, Cluster());
    PBFS_ASSIGN_OR_RETURN(const std::vector<Json> pods,
                          user_->List(context_, kinds::kPod, Labels() + ",app.kubernetes.io/component=fragment-store"));
    world_.say(StoresView(cluster, pods));
    return OkStatus();
  }

  Status SetPaused(bool paused) {
    PBFS_RETURN_IF_ERROR(user_->Patch(context_, kinds::kPbfsCluster, given_.name, {{"spec", {{"paused", paused}}}}));
    world_.say(fmt::format("{} {}\n", given_.name,
                           paused ? "is paused: the operator looks and changes nothing" : "is followed again"));
    return OkStatus();
  }

  Status Restart() {
    const std::string now = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(world_.clock.NowMillis() / 1000));
    PBFS_RETURN_IF_ERROR(user_->Patch(context_, kinds::kPbfsCluster, given_.name,
                                      {{"metadata", {{"annotations", {{kRestartedAt, now}}}}}}));
    world_.say(fmt::format("pods of {} restart, one after another\n", given_.name));
    return OkStatus();
  }

  // A number that goes up by one, of the object as it is now: two who do this at once do not rotate twice.
  Status Rotate() {
    const kube::Kind& kind = given_.authority ? kinds::kPbfsCluster : kinds::kPbfsAccessKey;
    PBFS_ASSIGN_OR_RETURN(const Json object, user_->Get(context_, kind, given_.name));
    const Json& spec = kube::Member(object, "spec");
    const int64_t next = 1 + (given_.authority ? kube::Number(kube::Member(spec, "tls"), "caGeneration", 1)
                                               : kube::Number(kube::Member(spec, "rotation"), "generation", 1));
    const Json changed =
        given_.authority ? Json{{"tls", {{"caGeneration", next}}}} : Json{{"rotation", {{"generation", next}}}};
    const std::string version = kube::Text(kube::Member(object, "metadata"), "resourceVersion");
    PBFS_RETURN_IF_ERROR(
        user_->Patch(context_, kind, given_.name, {{"metadata", {{"resourceVersion", version}}}, {"spec", changed}}));
    world_.say(fmt::format("{} gets {} {}\n", given_.name, given_.authority ? "authority" : "key pair", next));
    return OkStatus();
  }

  // What there is of one cluster, for whoever is to help. Secrets and ConfigMaps are not read at all.
  Status Report() {
    PBFS_ASSIGN_OR_RETURN(const Json cluster, Cluster());
    Json report = {{"cluster", WithoutSecrets(cluster)}};
    const std::array<std::pair<kube::Kind, std::string>, 8> parts{{{kinds::kPbfsBucket, ""},
                                                                   {kinds::kPbfsAccessKey, ""},
                                                                   {kinds::kStatefulSet, Labels()},
                                                                   {kinds::kPod, Labels()},
                                                                   {kinds::kPersistentVolumeClaim, Labels()},
                                                                   {kinds::kJob, Labels()},
                                                                   {kinds::kService, Labels()},
                                                                   {kinds::kEvent, ""}}};
    for (const auto& [kind, labels] : parts) report[std::string(kind.plural)] = All(kind, labels);
    world_.say(report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
    return OkStatus();
  }

 private:
  Result<Json> Cluster() { return user_->Get(context_, kinds::kPbfsCluster, given_.name); }
  std::string Labels() const { return "pbfs.dev/cluster=" + given_.name; }

  // What may not be read is said in its place: a report is made when something is wrong.
  Json All(const kube::Kind& kind, const std::string& labels) {
    const auto list = user_->List(context_, kind, labels);
    if (!list.ok()) return {{"error", list.status().ToString()}};
    Json out = Json::array();
    for (const Json& object : *list) out.push_back(WithoutSecrets(object));
    return out;
  }

  const PluginWorld& world_;
  const Given& given_;
  const std::unique_ptr<KubeUser> user_;
  const Context context_;
};

using Command = std::function<Status(Plugin&)>;

/// The commands; the one that is given is left in `chosen`.
void AddCommands(CLI::App& app, Given& given, Command& chosen) {
  const auto add = [&](const char* name, const char* what, const char* whose, bool needed, Command command) {
    CLI::App* sub = app.add_subcommand(name, what)->fallthrough();
    CLI::Option* option = sub->add_option("name", given.name, whose);
    if (needed) option->required();
    sub->final_callback([&chosen, command = std::move(command)] { chosen = command; });
    return sub;
  };
  constexpr const char* kCluster = "A PBFSCluster";
  add("status", "How clusters are; of one its conditions", kCluster, false, [](Plugin& plugin) {
    return plugin.PrintStatus();
  })->add_flag("-A,--all-namespaces", given.kubectl.all_spaces, "Clusters of all namespaces");
  add("stores", "The stores of a cluster, their pods and nodes", kCluster, true,
      [](Plugin& plugin) { return plugin.Stores(); });
  add("pause", "The operator changes nothing about a cluster", kCluster, true,
      [](Plugin& plugin) { return plugin.SetPaused(true); });
  add("resume", "The operator follows the spec again", kCluster, true,
      [](Plugin& plugin) { return plugin.SetPaused(false); });
  add("restart", "All pods restart, as in an upgrade", kCluster, true, [](Plugin& plugin) { return plugin.Restart(); });
  add("rotate", "Another key pair, or another authority", "A PBFSAccessKey; with --ca a PBFSCluster", true,
      [](Plugin& plugin) { return plugin.Rotate(); })
      ->add_flag("--ca", given.authority, "The authority that signs a cluster's certificates");
  add("report", "What there is of a cluster, as JSON and without secrets", kCluster, true,
      [](Plugin& plugin) { return plugin.Report(); });
}

}  // namespace

bool IsPluginName(const std::string& argv0) { return argv0.substr(argv0.rfind('/') + 1) == "kubectl-pbfs"; }

int RunPlugin(int argc, const char* const* argv, const PluginWorld& world) {
  CLI::App app(kAbout, "kubectl pbfs");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  Given given;
  Command chosen;
  app.add_option("-n,--namespace", given.kubectl.space, "Default: that of the context");
  app.add_option("--context", given.kubectl.context, "Of the kubeconfig");
  app.add_option("--kubeconfig", given.kubectl.kubeconfig, "Default: $KUBECONFIG, ~/.kube/config");
  AddCommands(app, given, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, complaint;
    const int code = app.exit(error, out, complaint);
    world.say(out.str());
    world.complain(complaint.str());
    return code == 0 ? cli::kExitOk : cli::kExitUsage;
  }
  Plugin plugin(world, given);
  const Status status = chosen(plugin);
  if (!status.ok()) world.complain(fmt::format("kubectl pbfs: {}\n", status.message()));
  return cli::ExitCodeOf(status);
}

int PluginMain(int argc, const char* const* argv) {
  const SystemClock clock;
  const auto print = [](FILE* file) { return [file](const std::string& text) { fmt::print(file, "{}", text); }; };
  return RunPlugin(argc, argv,
                   {[](const Kubectl::Options& options) { return std::make_unique<Kubectl>(options); }, clock,
                    print(stdout), print(stderr)});
}

}  // namespace pbfs::plugin
