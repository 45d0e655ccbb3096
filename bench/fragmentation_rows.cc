// What very many small patches of one object cost, with the rehomes that clients offer by themselves and the collector: bar 6 of
// docs/plan.md's second part.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench/bench_cluster.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "tools/local/files.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kPatch = 4096;
constexpr int kWriters = 16;  // each in a part of the object of its own, so that it is known what must be read
constexpr int kLooks = 5;     // at what a read takes, each after as many patches
constexpr int kTurns = 4;     // reads of a look
constexpr int64_t kPiece = 64 << 20;
constexpr double kExpansion = 6.0 / 4;

Context Patience() { return Context::WithTimeout(std::chrono::minutes(10)); }

/// What a disk itself has been told to write so far, in bytes (Documentation/block/stat.rst): what proc(5) says of PostgreSQL counts
/// a whole folio of the page cache whenever a page of it gets dirty. Other work on the disk counts too.
int64_t WrittenToDisk(const std::string& directory) {
  struct stat info = {};
  PBFS_CHECK(stat(directory.c_str(), &info) == 0, "no " + directory);
  std::ifstream in(fmt::format("/sys/dev/block/{}:{}/stat", major(info.st_dev), minor(info.st_dev)));
  int64_t field = -1;
  for (int i = 0; i < 7; ++i) in >> field;  // sectors written
  PBFS_CHECK(in.good(), "the disk of " + directory + " does not count what it writes");
  return field * 512;
}

class Storm {
 public:
  Storm(const Options& options, int64_t size, int patches)
      : directory_(options.directory),
        size_(size),
        patches_(patches),
        cluster_(options.directory),
        connection_(cluster_.Connect({.rehome_offers = true})),
        bucket_(OpenedBy(connection_->client(), cluster_.MakeBucket("storm"))),
        content_(static_cast<size_t>(size)) {
    random_.Fill(content_);
    object_ = Need(bucket_.Put(Patience(), "patched", content_)).object;
    plain_ = Need(bucket_.Put(Patience(), "plain", content_)).object;
    HurryCollector();
  }

  std::vector<Row> Run() {
    const std::string name =
        fmt::format("{:.0f} MiB, {} patches of 4 KiB", static_cast<double>(size_) / (1 << 20), patches_);
    const ClientStats before = connection_->client().Stats();
    (void)Read(plain_), (void)Read(object_);
    FillLog();
    Checkpoint();
    const int64_t disk_before = WrittenToDisk(directory_);
    const int64_t wal_before = Wal();
    Series reads;
    double writing = 0;
    for (int look = 0; look < kLooks; ++look) {
      writing += PatchAll(patches_ / kLooks);
      Look(reads);
    }
    AwaitRehomes();
    Look(reads);
    Checkpoint();
    int64_t disk = WrittenToDisk(directory_) - disk_before;
    Need(bucket_.Unbind(Patience(), "plain"));  // space is that of what was patched alone
    LetADayPass();
    Checkpoint();
    disk -= WrittenToDisk(directory_);
    const int64_t used = SpaceAfterCollection();
    LetTheDayGo();
    Checkpoint();
    disk += WrittenToDisk(directory_);
    const ClientStats after = connection_->client().Stats();
    (void)Read(object_, &content_);

    const double patched = static_cast<double>(patches_) * kPatch;
    Row read = MakeRow(name + ": reading", reads, "s", Row::Bar::kAtMost, 2);
    const std::vector<double> ratios = reads.Ratios();
    read.ratio = *std::max_element(ratios.begin(), ratios.end());  // it has to hold all the time
    read.note = fmt::format("the worst of {:.2f}, the last after the last rehome; {:.0f} patches a second; {} extents",
                            fmt::join(ratios, " "), patches_ / writing,
                            Need(bucket_.Extents(Patience(), object_, 0, std::min(size_, kPiece))).size());
    const double live = static_cast<double>(size_) * kExpansion;
    Row space = Ratio(name + ": space", used, live, 2);
    space.note = "of the stores' volumes after collection, against the object's fragments as they were put; catalog " +
                 CatalogSize();
    Row written = Ratio(name + ": written", disk, patched, 14);
    written.note = fmt::format(
        "by all disks for the bytes patched, collection included; rehomes wrote {:.2f}, PostgreSQL's log {:.2f}",
        static_cast<double>(after.rehome_bytes - before.rehome_bytes) / patched,
        static_cast<double>(Wal() - wal_before) / patched);
    return {read, space, written};
  }

 private:
  static Bucket OpenedBy(Client& client, const Bucket& made) {
    return Need(client.OpenBucket(Patience(), made.info().settings.name));
  }
  static Row Ratio(const std::string& name, int64_t value, double reference, double limit) {
    Row row;
    row.name = name;
    row.value = fmt::format("{:.0f} MiB", static_cast<double>(value) / (1 << 20));
    row.reference = fmt::format("{:.0f} MiB", reference / (1 << 20));
    row.ratio = static_cast<double>(value) / reference;
    row.bar = Row::Bar::kAtMost;
    row.limit = limit;
    return row;
  }

  // Seconds.
  double PatchAll(int count) {
    const double start = Now();
    std::vector<Thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back("writer", [this, w, count, seed = ++seed_] {
        SeededRandom random(seed);
        Bytes bytes(kPatch);
        const int64_t part = size_ / kWriters;
        for (int i = 0; i < count / kWriters; ++i) {
          random.Fill(bytes);
          const int64_t offset = w * part + static_cast<int64_t>(random.Below(static_cast<uint64_t>(part - kPatch)));
          Need(bucket_.Write(Patience(), object_, offset, bytes));
          std::copy(bytes.begin(), bytes.end(), content_.begin() + offset);
        }
      });
    }
    for (Thread& writer : writers) writer.Join();
    return Now() - start;
  }

  // Seconds of the reads; what they gave is compared outside of them.
  double Read(ObjectId object, const Bytes* expected = nullptr) {
    double seconds = 0;
    Bytes piece(kPiece);
    for (int64_t at = 0; at < size_; at += kPiece) {
      const auto length = static_cast<size_t>(std::min(kPiece, size_ - at));
      const double start = Now();
      const int64_t got = Need(bucket_.Read(Patience(), object, at, MutableByteSpan(piece).first(length)));
      seconds += Now() - start;
      PBFS_CHECK(got == static_cast<int64_t>(length), "a short read");
      if (expected == nullptr) continue;
      PBFS_CHECK(std::equal(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(length), expected->begin() + at),
                 "what was read is not what was written");
    }
    return seconds;
  }

  // By turns, either first in half of them, so that what goes on in the background costs either as much.
  void Look(Series& reads) {
    double subject = 0, reference = 0;
    for (int turn = 0; turn < kTurns; ++turn) {
      const bool plain_first = (looks_ + turn) % 2 != 0;
      if (plain_first) reference += Read(plain_);
      subject += Read(object_, &content_);
      if (!plain_first) reference += Read(plain_);
    }
    ++looks_;
    reads.subject.push_back(subject / kTurns);
    reads.reference.push_back(reference / kTurns);
  }

  // Until nothing has been merged for a while.
  void AwaitRehomes() {
    int64_t last = -1;
    for (int64_t now = 0; now != last; now = connection_->client().Stats().rehome_bytes) {
      last = now;
      SleepFor(std::chrono::seconds(5));
    }
  }

  std::string Sql(const std::string& sql) {
    static const std::string psql = Need(local::FindProgram("psql"));
    std::string answer = Need(local::RunProgram(
        Patience(), {.argv = {psql, "-XqAt", "-d", cluster_.local().PrimaryConnectionString(), "-c", sql}}));
    while (!answer.empty() && answer.back() == '\n') answer.pop_back();
    return answer;
  }
  // As in a cluster that has run for a while: there PostgreSQL writes segments of its log that it has used before, while new ones are
  // filled with zeros first, by either server.
  void FillLog() {
    for (int segment = 0; segment < 128; ++segment)
      Sql("SELECT pg_logical_emit_message(false, 'bench', 'x'), pg_switch_wal()");
  }
  // What PostgreSQL and its standby have changed is on their disks too, not in their memory.
  void Checkpoint() {
    static const std::string psql = Need(local::FindProgram("psql"));
    for (const int node : {1, 2}) {
      Need(local::RunProgram(
          Patience(), {.argv = {psql, "-Xq", "-d", cluster_.local().AdminConnectionString(node), "-c", "CHECKPOINT"}}));
    }
    sync();
  }
  int64_t Wal() { return std::stoll(Sql("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")); }

  // And of its largest tables.
  std::string CatalogSize() {
    return Sql(R"(SELECT pg_size_pretty(pg_database_size(current_database())) || ': ' || string_agg(one, ', ')
                  FROM (SELECT relname || ' ' || pg_size_pretty(pg_total_relation_size(oid)) AS one FROM pg_class
                        WHERE relkind = 'r' ORDER BY pg_total_relation_size(oid) DESC LIMIT 4) largest)");
  }

  void HurryCollector() {
    const std::string path = cluster_.local().directory() + "/garbage-collector.json";
    std::ifstream in(path);
    nlohmann::ordered_json config = nlohmann::ordered_json::parse(in);
    config["graceMs"] = 1000, config["intervalMs"] = 500;
    Need(local::WriteTextFile(path, config.dump(2), 0600));
    Need(cluster_.local().Kill(Patience(), "garbage-collector", SIGKILL));
    Need(cluster_.local().Start(Patience(), "garbage-collector"));
  }

  int64_t Used() {
    int64_t used = 0;
    const ClusterMap map = Need(connection_->groups().WatchMap(Patience(), -1));
    for (const StoreInfo& store : map.stores)
      used += Need(Need(connection_->stores().Find(store.id))->Stat(Patience())).used;
    return used;
  }

  // What rehomes replaced is kept for a day; and names, until the floor has passed them.
  void LetADayPass() {
    while (Sql("SELECT count(*) FROM pbfs.object WHERE nbind = 0 AND state <> 2") != "0")
      SleepFor(std::chrono::seconds(1));
    Sql("UPDATE pbfs.garbage SET since = since - interval '1 day'");
  }
  // As the collector does when a day is past.
  void LetTheDayGo() {
    while (Sql("SET search_path = pbfs; SELECT inline_expire((now() AT TIME ZONE 'UTC')::date + 1, 1000)") != "0") {
    }
  }

  int64_t SpaceAfterCollection() {
    const std::string left = fmt::format(
        R"(SELECT (SELECT count(*) FROM pbfs.garbage) + (SELECT count(*) FROM pbfs.body WHERE state = 3)
                  + (SELECT count(*) FROM pbfs.extent WHERE object_id = '{}'))",
        plain_.ToString());
    while (Sql(left) != "0") SleepFor(std::chrono::seconds(1));
    int64_t last = -1, used = Used();
    for (; used != last; used = Used()) {  // stores rewrite their volumes by themselves
      last = used;
      SleepFor(std::chrono::seconds(10));
    }
    return used;
  }

  const std::string directory_;
  const int64_t size_;
  const int patches_;
  BenchCluster cluster_;
  std::unique_ptr<Connection> connection_;  // its client offers rehomes
  Bucket bucket_;
  SeededRandom random_{1};
  Bytes content_;
  ObjectId object_, plain_;
  uint64_t seed_ = 1;
  int looks_ = 0;
};

}  // namespace

std::vector<Row> FragmentationRows(const Options& options) { return Storm(options, 64 << 20, 20'000).Run(); }
std::vector<Row> LargeFragmentationRows(const Options& options) {
  return Storm(options, int64_t{1} << 30, 200'000).Run();
}

}  // namespace pbfs::bench
