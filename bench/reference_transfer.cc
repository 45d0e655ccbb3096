#include "bench/reference_transfer.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <signal.h>

#include "bench/reference_codec.h"
#include "libs/base/sync.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"

namespace pbfs::bench {
namespace {

constexpr int kK = 4, kM = 2, kN = kK + kM;
constexpr size_t kSegment = 65536;
constexpr size_t kPutWindow = 63 * kSegment;   // about 1 MiB of each shard: one message
constexpr size_t kGetWindow = 128 * kSegment;  // about 2 MiB of each shard: one call
constexpr size_t kReadAhead = 2;               // windows

Context Patience() { return Context::WithTimeout(std::chrono::minutes(1)); }

FragmentKey KeyOf(uint8_t object, int shard) {
  EncodingId encoding;
  encoding.bytes[0] = object;
  return {encoding, static_cast<uint8_t>(shard)};
}

void AwaitStore(FragmentStore& store) {
  const Context patience = Patience();
  while (!store.Stat(patience.Within(std::chrono::seconds(1))).ok()) {
    Need(patience.Check());
    SleepFor(std::chrono::milliseconds(20));
  }
}

/// One window of a read: `size` bytes of plaintext from four stores.
struct Window {
  size_t size = 0;
  std::vector<std::unique_ptr<PendingRead>> reads;
};

}  // namespace

ReferenceTransfer::ReferenceTransfer(const BenchCluster& cluster, const std::string& directory) {
  const std::vector<int> ports = Need(local::FreePorts(kN, 0));
  for (int j = 0; j < kN; ++j) Start(cluster, j + 1, ports[static_cast<size_t>(j)], directory);
  for (const auto& store : stores_) AwaitStore(*store);
}

ReferenceTransfer::~ReferenceTransfer() {
  stores_.clear();
  for (const local::ProcessRef& process : processes_) {
    (void)local::StopProcess(Patience(), process, SIGKILL, std::chrono::seconds(5));
  }
}

void ReferenceTransfer::Start(const BenchCluster& cluster, int number, int port, const std::string& directory) {
  const std::string name = fmt::format("reference-store-{}", number), home = directory + "/" + name;
  Need(local::MakeDirectory(home, 0700));
  auto config = nlohmann::json::parse(
      Need(local::ReadTextFile(fmt::format("{}/store-{}.json", cluster.local().directory(), number))));
  config["listen"] = fmt::format("127.0.0.1:{}", port);
  config["dataDirectory"] = home;
  Need(local::WriteTextFile(home + ".json", config.dump(), 0600));
  const char* const command = cluster.in_clear() ? "do-nothing-in-clear" : "do-nothing";
  const local::CommandSpec spec{
      .argv = {Need(local::FindProgram("pbfs-bench-server")), command, "--config", home + ".json"},
      .log = home + ".log"};
  processes_.push_back(Need(local::StartProcess(spec)));
  stores_.push_back(std::make_unique<GrpcFragmentStore>(fmt::format("127.0.0.1:{}", port), cluster.security()));
}

double ReferenceTransfer::StoresCpu() const {
  double total = 0;
  for (const local::ProcessRef& process : processes_) total += CpuSeconds(process.pid);
  return total;
}

void ReferenceTransfer::Put(uint8_t object, ByteSpan plaintext) {
  const Context context = Patience();
  ReferenceCodec codec(kK, kM);
  std::vector<std::unique_ptr<FragmentWriter>> writers;
  size_t length = 0;
  for (size_t at = 0; at < plaintext.size(); at += kPutWindow) {
    length += codec.ShardSize(std::min(kPutWindow, plaintext.size() - at));
  }
  for (int j = 0; j < kN; ++j) {
    const PutRequest request{KeyOf(object, j), static_cast<int64_t>(length), {}};
    writers.push_back(stores_[static_cast<size_t>(j)]->StartPut(context, request, {}));
  }
  for (size_t at = 0; at < plaintext.size(); at += kPutWindow) {
    const ByteSpan window = plaintext.subspan(at, std::min(kPutWindow, plaintext.size() - at));
    std::vector<MutableBuffer> pieces;
    std::vector<uint8_t*> shards;
    for (int j = 0; j < kN; ++j) {
      pieces.emplace_back(codec.ShardSize(window.size()));
      shards.push_back(pieces.back().data());
    }
    codec.SealAndEncode(window.data(), window.size(), shards, at / kSegment);
    for (size_t j = 0; j < kN; ++j) Need(writers[j]->Append(context, std::move(pieces[j]).Freeze()));
  }
  for (const auto& writer : writers) Need(writer->Finish(context));
}

void ReferenceTransfer::Get(uint8_t object, MutableByteSpan out) {
  const Context context = Patience();
  ReferenceCodec codec(kK, kM);
  std::deque<Window> windows;
  size_t asked = 0, opened = 0;
  int64_t offset = 0;  // in each shard
  const auto ask = [&] {
    Window window{std::min(kGetWindow, out.size() - asked), {}};
    const int64_t end = offset + static_cast<int64_t>(codec.ShardSize(window.size));
    for (int j = 0; j < kK; ++j) {
      ReadRequest request{{{KeyOf(object, j), offset, end}}, {}};
      window.reads.push_back(stores_[static_cast<size_t>(j)]->StartRead(context, std::move(request), {}));
    }
    offset = end;
    asked += window.size;
    windows.push_back(std::move(window));
  };
  while (opened < out.size()) {
    while (windows.size() < kReadAhead && asked < out.size()) ask();
    const Window window = std::move(windows.front());
    windows.pop_front();
    std::vector<Buffer> parts;
    std::vector<const uint8_t*> shards;
    for (const auto& read : window.reads) {
      const ReadReply reply = Need(read->Wait(context));
      Need(reply.parts.at(0).status);
      parts.push_back(reply.parts[0].bytes);
      shards.push_back(parts.back().data());
    }
    PBFS_CHECK(codec.CheckAndOpen(shards, window.size, out.data() + opened, opened / kSegment), "R2-GET");
    opened += window.size;
  }
}

}  // namespace pbfs::bench
