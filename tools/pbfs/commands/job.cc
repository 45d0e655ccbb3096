#include "tools/pbfs/job/job.h"

#include <cstdlib>

#include <fmt/format.h>
#include <signal.h>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "tools/local/files.h"
#include "tools/local/local_cluster.h"
#include "tools/pbfs/job/source.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

using local::LocalCluster;

struct Arguments {
  std::string directory, size = "1GiB", source = "/usr", bucket;
  int patches = 2000, writers = 4;
  uint64_t seed = 1;
  bool no_kill = false;
};

/// Two stores and a catalog, by the seed, while the patches are under way.
std::vector<JobHooks::Kill> ChooseKills(const Arguments& arguments, const local::LocalClusterOptions& cluster) {
  std::vector<JobHooks::Kill> kills;
  if (arguments.no_kill) return kills;
  SeededRandom random(arguments.seed);
  const auto stores = static_cast<uint64_t>(cluster.stores);
  const uint64_t first = random.Below(stores), second = (first + 1 + random.Below(stores - 1)) % stores;
  kills.push_back({fmt::format("store-{}", first + 1), 0.3});
  if (cluster.catalogs > 1) kills.push_back({fmt::format("catalog-{}", 1 + random.Below(2)), 0.45});
  kills.push_back({fmt::format("store-{}", second + 1), 0.6});
  return kills;
}

/// Of the stores alone: what PostgreSQL keeps is mostly its log, which it writes anew all the time.
int64_t StoreBytes(const LocalCluster& cluster) {
  int64_t bytes = 0;
  for (const auto& process : cluster.Processes()) {
    const auto data = cluster.DataOf(process.name);
    if (process.kind == local::ProcessKind::kStore && data.ok()) bytes += local::DataBytes(*data);
  }
  return bytes;
}

/// Progress of one phase after the other; called from several threads.
class Phases {
 public:
  explicit Phases(bool enabled) : enabled_(enabled) {}
  void Update(const char* what, int64_t done, int64_t total) {
    MutexLock lock(mutex_);
    if (what_ != what) {
      progress_.reset();
      progress_ = std::make_unique<Progress>(what, total, enabled_);
      what_ = what;
    }
    progress_->Update(done);
  }

 private:
  const bool enabled_;
  Mutex mutex_;
  std::string what_ PBFS_GUARDED_BY(mutex_);
  std::unique_ptr<Progress> progress_ PBFS_GUARDED_BY(mutex_);
};

Status CheckCluster(const Arguments& arguments, const LocalCluster& cluster) {
  for (const auto& process : cluster.Processes())
    if (!process.ready)
      return FailedPreconditionError(fmt::format("{} does not run; start everything first: pbfs local up --dir {}",
                                                 process.name, cluster.directory()));
  if (!arguments.no_kill && cluster.options().stores < 8)
    return FailedPreconditionError(
        "the job kills two stores while it writes 4+2: it needs a cluster of eight stores, or --no-kill");
  return OkStatus();
}

Status Job(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const int64_t size, ParseSize(arguments.size));
  if (size < (8 << 20)) return InvalidArgumentError("--size must be at least 8 MiB");
  PBFS_ASSIGN_OR_RETURN(LocalCluster cluster, LocalCluster::Open(arguments.directory));
  PBFS_RETURN_IF_ERROR(CheckCluster(arguments, cluster));
  session.UseConfig(cluster.client_config());
  // It kills two stores itself: a patch that had also done without the fragment of a slow one could not be read back.
  session.WaitForLastReceipts(std::chrono::seconds(5));
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_ASSIGN_OR_RETURN(TarSource source, TarSource::Open(arguments.source, size));

  JobOptions options{.size = size, .patches = arguments.patches, .writers = arguments.writers, .seed = arguments.seed};
  options.bucket = arguments.bucket.empty() ? fmt::format("main-job-{}", SystemClock().NowMillis()) : arguments.bucket;
  options.scratch = cluster.directory();
  Phases phases(session.progress_wanted());
  const JobHooks hooks{
      .kills = ChooseKills(arguments, cluster.options()),
      .kill = [&](const std::string& name) { return cluster.Kill(session.context(), name, SIGKILL); },
      .disk_bytes = [&] { return StoreBytes(cluster); },
      .say = [&](const std::string& line) { session.Note(line); },
      .progress = [&](const char* what, int64_t done, int64_t total) { phases.Update(what, done, total); }};
  PBFS_ASSIGN_OR_RETURN(const JobReport report, MainJob(*client, options, hooks).Run(session.context(), source));
  session.Say(FormatReport(report));
  session.Report(ReportJson(report));
  if (report.same()) return OkStatus();
  return DataLossError(fmt::format("the object differs from the reference at byte {}; repeat with --seed {}",
                                   report.first_difference, report.seed));
}

}  // namespace

void AddJob(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  arguments->directory = local::DefaultClusterDirectory();
  CLI::App* command =
      line.Add("job", "The main job: 1 GiB of /usr, 2,000 patches by four writers, three kills, every byte compared",
               "  pbfs job\n  pbfs job --seed 7 --size 256MiB --patches 500\n  pbfs job --no-kill --json");
  command->add_option("--dir", arguments->directory, "Directory of the local cluster")->capture_default_str();
  command->add_option("--size", arguments->size, "Bytes of the object")->capture_default_str();
  command->add_option("--source", arguments->source, "Directory whose tar is taken, repeated where it is smaller")
      ->capture_default_str();
  command->add_option("--patches", arguments->patches, "How many")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--writers", arguments->writers, "At a time")->check(CLI::Range(1, 64))->capture_default_str();
  command->add_option("--seed", arguments->seed, "The same seed gives the same edits and kills")->capture_default_str();
  command->add_option("--bucket", arguments->bucket, "Name of the new bucket (default: main-job-TIME)");
  command->add_flag("--no-kill", arguments->no_kill, "Leave the processes alone");
  line.Run(command, [arguments](Session& session) { return Job(session, *arguments); });
}

}  // namespace pbfs::cli
