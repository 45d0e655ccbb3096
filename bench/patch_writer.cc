#include "bench/patch_writer.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_cluster.h"
#include "libs/base/sync.h"

namespace pbfs::bench {
namespace {

constexpr double kLargestPatch = 256 << 10;

double SinceMs(MonotonicTime then) { return 1e3 * std::chrono::duration<double>(MonotonicNow() - then).count(); }

void PatchOnce(Bucket& bucket, ObjectId object, int64_t size, Random& random) {
  const auto [offset, bytes] = RandomPatch(random, size);
  Need(bucket.Write(Context::WithTimeout(std::chrono::minutes(1)), object, offset, bytes));
}

void ReadExactly(int fd, void* out, size_t size) {
  for (size_t at = 0; at < size;) {
    const ssize_t got = read(fd, static_cast<char*>(out) + at, size - at);
    PBFS_CHECK(got > 0, "the writer's process has ended");
    at += static_cast<size_t>(got);
  }
}

struct WriteOrder {
  uint64_t seed = 0;
  int64_t count = 0, every_ms = 0;
};

}  // namespace

std::pair<int64_t, Bytes> RandomPatch(Random& random, int64_t object_size) {
  const double exponent = static_cast<double>(random.Below(1 << 20)) / (1 << 20);
  const auto size = static_cast<int64_t>(std::pow(kLargestPatch, exponent));
  const auto offset = static_cast<int64_t>(random.Below(static_cast<uint64_t>(object_size - size + 1)));
  Bytes bytes(static_cast<size_t>(size));
  random.Fill(bytes);
  return {offset, std::move(bytes)};
}

PatchWriter::PatchWriter(const std::string& client_config, const std::string& bucket, ObjectId object,
                         int64_t object_size) {
  int down[2], up[2];
  PBFS_CHECK(pipe(down) == 0 && pipe(up) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, down[0], 0);
  posix_spawn_file_actions_adddup2(&actions, up[1], 1);
  for (const int fd : {down[0], down[1], up[0], up[1]}) posix_spawn_file_actions_addclose(&actions, fd);
  std::string arguments[] = {"pbfs-bench", "patch-writer",    client_config,
                             bucket,       object.ToString(), fmt::format("{}", object_size)};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  PBFS_CHECK(posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(down[0]), close(up[1]);
  to_ = down[1], from_ = up[0];
}

PatchWriter::~PatchWriter() {
  close(to_), close(from_);
  waitpid(pid_, nullptr, 0);
}

std::vector<double> PatchWriter::Patch(uint64_t seed, int count, int every_ms) {
  const WriteOrder order{seed, count, every_ms};
  PBFS_CHECK(write(to_, &order, sizeof order) == sizeof order);
  std::vector<double> latencies(static_cast<size_t>(count));
  ReadExactly(from_, latencies.data(), latencies.size() * sizeof(double));
  return latencies;
}

int RunPatchWriter(int argc, char** argv) {
  PBFS_CHECK(argc == 6, "patch-writer CONFIG BUCKET OBJECT SIZE");
  setsid();  // Linux shares processors by session: the writer gets its part as a client elsewhere would
  const auto connection = Need(Connection::Open(argv[2]));
  Bucket bucket = Need(connection->client().OpenBucket(Context::WithTimeout(std::chrono::minutes(1)), argv[3]));
  const ObjectId object = Need(ObjectId::Parse(argv[4]));
  const int64_t size = std::strtoll(argv[5], nullptr, 10);
  for (WriteOrder order; read(0, &order, sizeof order) == sizeof order;) {
    SeededRandom random(order.seed);
    std::vector<double> latencies;
    MonotonicTime due = MonotonicNow();
    for (int64_t i = 0; i < order.count; ++i, due += std::chrono::milliseconds(order.every_ms)) {
      SleepUntil(due);
      PatchOnce(bucket, object, size, random);
      latencies.push_back(SinceMs(due));
    }
    const size_t bytes = latencies.size() * sizeof(double);
    PBFS_CHECK(write(1, latencies.data(), bytes) == static_cast<ssize_t>(bytes));
  }
  return 0;
}

}  // namespace pbfs::bench
