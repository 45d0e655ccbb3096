#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_cluster.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "tools/local/files.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kStream = int64_t{4} << 30;
constexpr size_t kPiece = 1 << 20;
constexpr double kMiB = 1 << 20;
constexpr int kClients = 8;
constexpr int kWritersOfAClient = 8;
constexpr int64_t kWrite = 16 << 20;
constexpr int kWritesOfAWriter = 2;

Context Patience() { return Context::WithTimeout(std::chrono::minutes(3)); }

/// Bytes that are random and different everywhere, made as fast as memory: piece i of the stream.
class Pattern {
 public:
  Pattern() : base_(kPiece * 2), piece_(kPiece) { SeededRandom(3).Fill(base_); }
  ByteSpan Piece(int64_t i) {
    const size_t shift = static_cast<size_t>(i) * 4099 % kPiece;
    std::copy_n(base_.begin() + static_cast<ptrdiff_t>(shift), kPiece, piece_.begin());
    StoreLe(piece_.data(), static_cast<uint64_t>(i));
    return piece_;
  }

 private:
  Bytes base_, piece_;
};

void WriteAll(int fd, ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    PBFS_CHECK(wrote > 0, "the command stopped reading");
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
}

void ReadAll(int fd, MutableByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t got = read(fd, bytes.data(), bytes.size());
    PBFS_CHECK(got > 0, "the command wrote less than the object");
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

struct CommandUse {
  double peak_mib = 0;
  double cpu_seconds = 0;
  double seconds = 0;
};

/// The largest resident set of a child that runs `program`, looked at while it lives. Not what wait4() says, which counts what
/// the child had of our own memory between fork and exec.
class PeakOf {
 public:
  PeakOf(pid_t child, std::string program)
      : thread_("peak", [this, child, program = std::move(program)] {
          const std::string exe = fmt::format("/proc/{}/exe", child);
          for (; !over_; SleepFor(std::chrono::milliseconds(10))) {
            std::error_code error;
            if (std::filesystem::equivalent(exe, program, error)) peak_ = std::max(peak_, PeakResident(child));
          }
        }) {}
  double Mib() {
    over_ = true;
    thread_.Join();
    return static_cast<double>(peak_) / kMiB;
  }

 private:
  std::atomic<bool> over_{false};
  int64_t peak_ = 0;
  Thread thread_;  // last: it uses all the above
};

/// Runs `pbfs` with one end of a pipe as its stdin or stdout, and `drive` at the other end.
CommandUse RunPbfs(std::vector<std::string> argv, int its_end, const std::function<void(int)>& drive) {
  argv.insert(argv.begin(), Need(local::FindProgram("pbfs")));
  int ends[2];
  PBFS_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const int theirs = ends[its_end], ours = ends[1 - its_end];
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const double start = Now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(theirs, its_end);  // 0: it reads, 1: it writes
    // As users run it: the settings of malloc around this benchmark are those of the services.
    for (const char* setting : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"})
      unsetenv(setting);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(theirs);
  PeakOf peak(child, argv[0]);
  drive(ours);
  close(ours);
  int status = 0;
  rusage usage{};
  PBFS_CHECK(wait4(child, &status, 0, &usage) == child && status == 0, "pbfs failed");
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return {peak.Mib(), seconds(usage.ru_utime) + seconds(usage.ru_stime), Now() - start};
}

Row CommandRow(const std::string& name, const CommandUse& use) {
  Row row = MemoryRow(name, use.peak_mib, 400);
  row.costs = {{"client/GB", use.cpu_seconds / (static_cast<double>(kStream) / 1e9)}};
  row.note = fmt::format("{:.2f} GB/s", static_cast<double>(kStream) / 1e9 / use.seconds);
  return row;
}

Row PutStream(const BenchCluster& cluster, Pattern& pattern) {
  const CommandUse use =
      RunPbfs({"-q", "--config", cluster.local().client_config(), "put", "-", "memory/stream"}, 0, [&](int fd) {
        for (int64_t i = 0; i < kStream / static_cast<int64_t>(kPiece); ++i) WriteAll(fd, pattern.Piece(i));
      });
  return CommandRow("client memory: put of 4 GiB", use);
}

Row GetStream(const BenchCluster& cluster, Pattern& pattern) {
  Bytes piece(kPiece);
  const CommandUse use =
      RunPbfs({"-q", "--config", cluster.local().client_config(), "get", "memory/stream", "-"}, 1, [&](int fd) {
        for (int64_t i = 0; i < kStream / static_cast<int64_t>(kPiece); ++i) {
          ReadAll(fd, piece);
          PBFS_CHECK(Equal(piece, pattern.Piece(i)), "what was read is not what was written");
        }
      });
  return CommandRow("client memory: get of 4 GiB", use);
}

/// A client whose connections are open: 128 handshakes at once would be measured instead of writers.
std::unique_ptr<Connection> WarmClient(const BenchCluster& cluster, int number) {
  auto connection = cluster.Connect();
  Bucket bucket = Need(connection->client().OpenBucket(Patience(), "memory"));
  for (int i = 0; i < 12; ++i) Need(bucket.Put(Patience(), fmt::format("warm/{}/{}", number, i), Bytes(65536, 1)));
  return connection;
}

/// 64 writers at once, of 8 clients with connections of their own.
Row ManyWriters(const BenchCluster& cluster) {
  Bytes bytes(kWrite);
  SeededRandom(4).Fill(bytes);
  {
    std::vector<std::unique_ptr<Connection>> clients;
    for (int c = 0; c < kClients; ++c) clients.push_back(WarmClient(cluster, c));
    std::vector<Thread> threads;
    for (int c = 0; c < kClients; ++c) {
      for (int w = 0; w < kWritersOfAClient; ++w) {
        threads.emplace_back("writer", [&bytes, &client = clients[static_cast<size_t>(c)]->client(), c, w] {
          Bucket bucket = Need(client.OpenBucket(Patience(), "memory"));
          for (int i = 0; i < kWritesOfAWriter; ++i)
            Need(bucket.Put(Patience(), fmt::format("{}/{}/{}", c, w, i), bytes));
        });
      }
    }
    threads.clear();  // joins: the clients stay until then
  }
  int64_t peak = 0;
  for (const local::ProcessStatus& process : cluster.local().Processes()) {
    if (process.kind == local::ProcessKind::kStore) peak = std::max(peak, PeakResident(process.pid));
  }
  return MemoryRow("store memory: 64 writers of 16 MiB", static_cast<double>(peak) / kMiB, 300);
}

}  // namespace

std::vector<Row> MemoryRows(const Options& options) {
  BenchCluster cluster(options.directory);
  (void)cluster.MakeBucket("memory");
  Pattern pattern;
  std::vector<Row> rows;
  rows.push_back(PutStream(cluster, pattern));
  rows.push_back(GetStream(cluster, pattern));
  rows.push_back(ManyWriters(cluster));
  return rows;
}

}  // namespace pbfs::bench
