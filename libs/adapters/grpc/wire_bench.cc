// What the wire costs: puts of 16 MiB fragments in 1 MiB pieces, and reads of 1 MiB, between two processes over the loopback
// interface, to a store that does nothing. `pbfs_wire_bench [seconds]`; prints one line a case: GB/s, and processor seconds a GB of
// either side.
#include <cstdio>
#include <cstdlib>
#include <deque>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/adapters/grpc/grpc_fragment_store.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/base/sync.h"

namespace pbfs {
namespace {

constexpr int64_t kFragment = 16 << 20;
constexpr int64_t kPiece = 1 << 20;

/// Takes everything, keeps nothing, gives zeros.
class DoNothingStore final : public FragmentStore {
  struct Writer final : FragmentWriter {
    Writer(int64_t length_in, ReadyCallback ready_in) : left(length_in), ready(std::move(ready_in)) {}
    Status Append(const Context&, Buffer bytes) override {
      left -= static_cast<int64_t>(bytes.size());
      if (left == 0) ready();
      return OkStatus();
    }
    Result<ReceiptBytes> Finish(const Context&) override { return ReceiptBytes{}; }
    bool Ready() const override { return left == 0; }
    int64_t left;
    ReadyCallback ready;
  };
  struct Read final : PendingRead {
    Result<ReadReply> Wait(const Context&) override { return std::move(reply); }
    bool Ready() const override { return true; }
    ReadReply reply;
  };

 public:
  std::unique_ptr<FragmentWriter> StartPut(const Context&, PutRequest request, ReadyCallback ready) override {
    return std::make_unique<Writer>(request.length, std::move(ready));
  }
  std::unique_ptr<PendingRead> StartRead(const Context&, ReadRequest request, ReadyCallback ready) override {
    auto read = std::make_unique<Read>();
    for (const FragmentRange& range : request.ranges) {
      read->reply.parts.push_back({OkStatus(), zeros_.Slice(0, static_cast<size_t>(range.end - range.begin))});
    }
    ready();
    return read;
  }
  Status Delete(const Context&, const std::vector<FragmentKey>&, const TokenBytes&) override { return OkStatus(); }
  Status Drop(const Context&, const std::vector<FragmentInfo>&, const TokenBytes&) override { return OkStatus(); }
  Result<ListFragmentsReply> List(const Context&, const ListFragmentsRequest&) override { return ListFragmentsReply{}; }
  Result<StoreStat> Stat(const Context&) override { return StoreStat{}; }

 private:
  const Buffer zeros_ = Buffer::FromBytes(Bytes(4 << 20, 0));
};

double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// Runs a server in a child process until `stop` is closed; tells its port and, at the end, its processor time.
void Serve(const TransportSecurity& security, int tell, int stop) {
  DoNothingStore store;
  FragmentServant servant(store, {});
  auto server = *GrpcServer::Start("127.0.0.1:0", security, {&servant});
  const int port = server->port();
  char byte;
  if (write(tell, &port, sizeof port) != sizeof port || read(stop, &byte, 1) < 0) std::abort();
  server->Stop(std::chrono::seconds(5));
  const double cpu = CpuSeconds(RUSAGE_SELF);
  if (write(tell, &cpu, sizeof cpu) != sizeof cpu) std::abort();
}

/// `width` puts at a time from one thread, as a client of so many shards does it.
int64_t Put(FragmentStore& store, int width, MonotonicTime until) {
  const Buffer piece = Buffer::FromBytes(Bytes(kPiece, 1));
  int64_t bytes = 0;
  while (MonotonicNow() < until) {
    std::vector<std::unique_ptr<FragmentWriter>> writers;
    for (int i = 0; i < width; ++i) {
      writers.push_back(store.StartPut(TestContext(), {{EncodingId{{1}}, static_cast<uint8_t>(i)}, kFragment, {}}, {}));
    }
    for (int64_t at = 0; at < kFragment; at += kPiece) {
      for (auto& writer : writers) PBFS_CHECK(writer->Append(TestContext(), piece).ok());
    }
    for (auto& writer : writers) PBFS_CHECK(writer->Finish(TestContext()).ok());
    bytes += width * kFragment;
  }
  return bytes;
}

int64_t Read(FragmentStore& store, int width, MonotonicTime until) {
  int64_t bytes = 0;
  std::deque<std::unique_ptr<PendingRead>> reads;
  while (MonotonicNow() < until || !reads.empty()) {
    while (MonotonicNow() < until && reads.size() < static_cast<size_t>(width)) {
      reads.push_back(store.StartRead(TestContext(), {{{{EncodingId{{1}}, 0}, 0, kPiece}}, {}}, {}));
    }
    PBFS_CHECK(reads.front()->Wait(TestContext()).ok());
    reads.pop_front();
    bytes += kPiece;
  }
  return bytes;
}

using Load = int64_t (*)(FragmentStore&, int, MonotonicTime);

void Measure(const char* name, bool tls, Load load, int width, int seconds) {
  int tell[2], stop[2];
  if (pipe(tell) != 0 || pipe(stop) != 0) std::abort();
  TestDirectory directory;
  const TlsFiles files = *CertificateAuthority::Create(directory.path())->IssueLocal("bench");
  const auto credentials = [&] { return tls ? *TransportSecurity::MutualTls(files) : TransportSecurity::Insecure(); };
  const pid_t server = fork();
  if (server == 0) {
    close(stop[1]);
    Serve(credentials(), tell[1], stop[0]);
    _exit(0);
  }
  int port = 0;
  if (read(tell[0], &port, sizeof port) != sizeof port) std::abort();
  {
    GrpcFragmentStore store("127.0.0.1:" + std::to_string(port), credentials(), 2);
    (void)store.Stat(TestContext());
    const MonotonicTime began = MonotonicNow();
    const double cpu = CpuSeconds(RUSAGE_SELF);
    const int64_t bytes = load(store, width, began + std::chrono::seconds(seconds));
    const double took = std::chrono::duration<double>(MonotonicNow() - began).count();
    const double client = CpuSeconds(RUSAGE_SELF) - cpu;
    close(stop[1]);
    double server_cpu = 0;
    if (read(tell[0], &server_cpu, sizeof server_cpu) != sizeof server_cpu) std::abort();
    const double gb = static_cast<double>(bytes) / 1e9;
    std::printf("%-28s %6.2f GB/s   client %5.2f s/GB   server %5.2f s/GB\n", name, gb / took, client / gb,
                server_cpu / gb);
    std::fflush(stdout);
  }
  waitpid(server, nullptr, 0);
}

/// In a process of its own: gRPC does not survive a fork.
void MeasureApart(const char* name, bool tls, Load load, int width, int seconds) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Measure(name, tls, load, width, seconds);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace pbfs

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 3;
  pbfs::MeasureApart("put 6 wide, clear", false, pbfs::Put, 6, seconds);
  pbfs::MeasureApart("put 6 wide, mutual TLS", true, pbfs::Put, 6, seconds);
  pbfs::MeasureApart("put 1 wide, mutual TLS", true, pbfs::Put, 1, seconds);
  pbfs::MeasureApart("read 8 at a time, clear", false, pbfs::Read, 8, seconds);
  pbfs::MeasureApart("read 8 at a time, mutual TLS", true, pbfs::Read, 8, seconds);
}
