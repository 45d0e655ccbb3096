// How many Commits a second the catalog's commit path makes in process, against pgbench inserting one 400-byte row per
// transaction into the same PostgreSQL, interleaved: commit_bench [--standby] [--lanes N] [--writers N] [--seconds N] [--rounds N]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/resource.h>

#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/sync.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs::postgres {
namespace {

struct Settings {
  bool standby = false;
  int lanes = 1;
  int writers = 32;
  int seconds = 5;
  int rounds = 3;
};

Settings ReadSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (std::strcmp(argv[i], "--standby") == 0)
      settings.standby = true;
    else if (std::strcmp(argv[i], "--lanes") == 0)
      settings.lanes = number();
    else if (std::strcmp(argv[i], "--writers") == 0)
      settings.writers = number();
    else if (std::strcmp(argv[i], "--seconds") == 0)
      settings.seconds = number();
    else if (std::strcmp(argv[i], "--rounds") == 0)
      settings.rounds = number();
  }
  return settings;
}

template <typename T>
T Need(Result<T> result) {
  PBFS_CHECK(result.ok(), result.status().ToString());
  return *std::move(result);
}

void Run(const std::string& command) { PBFS_CHECK(std::system(command.c_str()) == 0, command); }

void PreparePgbench(PostgresServer& server) {
  Need(server.Psql("CREATE TABLE row_400 (id bigserial PRIMARY KEY, filler text)"));
  Run(fmt::format("echo \"INSERT INTO row_400 (filler) VALUES (repeat('x', 400));\" > {}/insert.sql",
                  server.directory()));
}

// Transactions per second of 32 connections.
double RunPgbench(PostgresServer& server, const Settings& settings) {
  const std::string out = server.directory() + "/pgbench.out";
  Run(
      fmt::format("/usr/lib/postgresql/15/bin/pgbench -n -M prepared -f {}/insert.sql -c 32 -j 2 -T {} -h 127.0.0.1 -p "
                  "{} -U postgres postgres "
                  "2>/dev/null | sed -n 's/^tps = \\([0-9.]*\\).*/\\1/p' > {}",
                  server.directory(), settings.seconds, server.port(), out));
  FILE* file = std::fopen(out.c_str(), "r");
  double rate = 0;
  PBFS_CHECK(file != nullptr && std::fscanf(file, "%lf", &rate) == 1);
  std::fclose(file);
  return rate;
}

// Every writer has an object of its own and writes 64 KiB, coded 4+2, to a random place of its first 32 regions.
void Write(PostgresCatalog& catalog, const Clock& clock, BucketId bucket, uint64_t seed, const std::atomic<bool>& stop,
           std::atomic<int64_t>& done) {
  TestClient client(clock, bucket, seed);
  const ObjectId object = client.NewObject();
  const std::vector<StoreId> stores = {{1}, {2}, {3}, {4}, {5}, {6}};
  bool created = false;
  while (!stop.load(std::memory_order_relaxed)) {
    TestCommit commit(client);
    if (!created) commit.Creates(object);
    const BodyUpload body = client.MakeEncoded({}, 4, 6, static_cast<uint16_t>(client.random().Below(kPlacementGroups)),
                                               clock.NowMillis(), stores);
    commit.WriteBody(object, static_cast<int64_t>(client.random().Below(32 * 1024)) << 16, 65536, body);
    const CommitReply reply = Need(catalog.Commit(Context::WithTimeout(std::chrono::seconds(60)), commit.request()));
    PBFS_CHECK(reply.code == CommitCode::kOk, CommitCodeName(reply.code));
    created = true;
    done.fetch_add(1, std::memory_order_relaxed);
  }
}

double OwnCpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Commits per second while it runs at full speed, and how many there were in all.
std::pair<double, double> RunCommits(PostgresCatalog& catalog, const Clock& clock, BucketId bucket,
                                     const Settings& settings) {
  std::atomic<bool> stop = false;
  std::atomic<int64_t> done = 0;
  SystemRandom random;
  std::vector<Thread> writers;
  for (int i = 0; i < settings.writers; ++i)
    writers.emplace_back("writer", [&, seed = random.U64()] { Write(catalog, clock, bucket, seed, stop, done); });
  SleepFor(std::chrono::milliseconds(500));  // connections open, statements prepared
  const int64_t before = done;
  const MonotonicTime start = MonotonicNow();
  SleepFor(std::chrono::seconds(settings.seconds));
  const double seconds = std::chrono::duration<double>(MonotonicNow() - start).count();
  const int64_t after = done;
  stop = true;
  writers.clear();
  return {static_cast<double>(after - before) / seconds, static_cast<double>(done)};
}

void Bench(const Settings& settings) {
  const char* more = std::getenv("PBFS_BENCH_SETTINGS");
  auto server = Need(PostgresServer::Start({.settings = more != nullptr ? more : ""}));
  std::unique_ptr<PostgresServer> standby;
  if (settings.standby) {
    standby = Need(server->StartStandby("one"));
    PBFS_CHECK(server->SetSynchronousStandbys("one").ok());
  }
  const CatalogDatabase database(*server);
  PostgresOptions options = database.options();
  options.commit_lanes = settings.lanes;
  PostgresCatalog catalog(options);
  const SystemClock clock;
  SystemRandom random;
  BucketInfo bucket;
  bucket.id = BucketId::NewRandom(random);
  bucket.settings.name = "bench";
  bucket.keyring = Buffer::CopyOf(AsBytes("k"));
  PBFS_CHECK(catalog.CreateBucket(Context::WithTimeout(std::chrono::seconds(10)), bucket).ok());
  PreparePgbench(*server);
  for (int round = 0; round < settings.rounds; ++round) {
    const auto cpu = [&] { return server->CpuSeconds() + (standby != nullptr ? standby->CpuSeconds() : 0); };
    const double cpu_before = cpu();
    const double rows = RunPgbench(*server, settings);
    const double cpu_between = cpu();
    const double own_before = OwnCpuSeconds();
    const auto [commits, count] = RunCommits(catalog, clock, bucket.id, settings);
    const double own = OwnCpuSeconds() - own_before, theirs = cpu() - cpu_between;
    fmt::print(
        "pgbench {:6.0f}/s, PostgreSQL {:4.0f} us CPU each;  commits {:6.0f}/s, PostgreSQL {:4.0f} us, process {:4.0f} "
        "us;  ratio {:.2f}\n",
        rows, 1e6 * (cpu_between - cpu_before) / (rows * settings.seconds), commits, 1e6 * theirs / count,
        1e6 * own / count, commits / rows);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace pbfs::postgres

int main(int argc, char** argv) {
  pbfs::postgres::Bench(pbfs::postgres::ReadSettings(argc, argv));
  return 0;
}
