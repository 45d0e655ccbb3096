#include "bench/gateway_work.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "libs/access/access_keys.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::bench {
namespace {

constexpr size_t kSmall = 4096;
constexpr size_t kKept = 512;  // small objects that are read

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

std::string LargeName(int i) { return "large-" + std::to_string(i); }
std::string Kept(size_t i) { return "kept/" + std::to_string(i % kKept); }
std::string New(size_t lane, size_t i) { return "new/" + std::to_string(lane) + "/" + std::to_string(i); }

}  // namespace

GatewaySite::GatewaySite(BenchCluster& cluster) : cluster_(cluster) {
  for (const local::ProcessStatus& process : cluster.local().Processes()) {
    if (process.kind != local::ProcessKind::kGateway) continue;
    s3_.port = process.port;
    s3_.pid = process.pid;
  }
  PBFS_CHECK(s3_.pid != 0, "the cluster has no gateway");
  SystemBucket documents(cluster.client());
  const SystemClock clock;
  SystemRandom random;
  AccessKeys keys(documents, clock);
  const AccessKey key = Need(keys.Create(Patience(), "bench", random));
  s3_.signer = {key.id, key.secret, "us-east-1"};
}

Bucket GatewaySite::MakeBucket(const std::string& name, Etag etag) {
  BucketSettings settings;
  settings.name = name;
  settings.etag = etag;
  settings.k = 4;
  settings.m = 2;
  return Need(cluster_.client().CreateBucket(Patience(), settings));
}

LargeObjects::LargeObjects(const GatewaySite& site, Bucket bucket, int64_t size, int count)
    : bucket_(std::move(bucket)),
      s3_(site.s3()),
      size_(size),
      count_(count),
      content_(static_cast<size_t>(size)),
      out_(static_cast<size_t>(size)) {
  SeededRandom(1).Fill(content_);
}

std::string LargeObjects::PathOf(int i) const { return "/" + bucket_.info().settings.name + "/" + LargeName(i); }

double LargeObjects::Round(const std::function<void(int)>& work) const {
  const double start = Now();
  for (int i = 0; i < count_; ++i) work(i);
  return gigabytes() / (Now() - start);
}

double LargeObjects::PutByGateway() {
  return Round([&](int i) { s3_.Put(PathOf(i), content_); });
}
double LargeObjects::PutByClient() {
  return Round([&](int i) { Need(bucket_.Put(Patience(), LargeName(i), content_)); });
}
double LargeObjects::GetByGateway() {
  return Round([&](int i) { s3_.Get(PathOf(i), out_); });
}
double LargeObjects::GetByClient() {
  return Round([&](int i) {
    const ObjectId object = Need(bucket_.Find(Patience(), LargeName(i)));
    PBFS_CHECK(Need(bucket_.Read(Patience(), object, 0, out_)) == size_);
  });
}

void LargeObjects::CheckContents() {
  for (int i = 0; i < count_; ++i) {
    std::fill(out_.begin(), out_.end(), uint8_t{0});
    s3_.Get(PathOf(i), out_);
    PBFS_CHECK(out_ == content_, "what was read is not what was written");
  }
}

SmallObjects::SmallObjects(const GatewaySite& site, Bucket bucket, size_t lanes)
    : bucket_(std::move(bucket)), content_(kSmall) {
  SeededRandom(2).Fill(content_);
  for (size_t i = 0; i < lanes; ++i) lanes_.emplace_back(site.s3());
  for (size_t i = 0; i < kKept; ++i) Need(bucket_.Put(Patience(), Kept(i), content_));
}

std::string SmallObjects::Path(const std::string& name) const {
  return "/" + bucket_.info().settings.name + "/" + name;
}

double SmallObjects::Round(const std::function<void(size_t lane, size_t i)>& work) {
  std::atomic<int64_t> done = 0;
  const double start = Now();
  {
    std::vector<Thread> threads;
    for (size_t lane = 0; lane < lanes_.size(); ++lane) {
      threads.emplace_back("lane", [&, lane] {
        for (size_t i = 0; Now() < start + kSmallSeconds; ++i, ++done) work(lane, i);
      });
    }
  }
  return static_cast<double>(done) / (Now() - start) / 1000;
}

void SmallObjects::Put(size_t lane, size_t i) { lanes_[lane].Put(Path(New(lane, i)), content_); }

void SmallObjects::Get(size_t lane, size_t i) {
  std::array<uint8_t, kSmall> out{};
  lanes_[lane].Get(Path(Kept(lane * 7 + i)), out);
  PBFS_CHECK(Equal(out, content_), "what was read is not what was written");
}

double SmallObjects::PutByGateway() {
  return Round([&](size_t lane, size_t i) { Put(lane, i); });
}
double SmallObjects::PutByClient() {
  return Round([&](size_t lane, size_t i) { Need(bucket_.Put(Patience(), New(lane, i), content_)); });
}
double SmallObjects::GetByGateway() {
  return Round([&](size_t lane, size_t i) { Get(lane, i); });
}
double SmallObjects::GetByClient(bool newest) {
  return Round([&](size_t lane, size_t i) {
    const ViewOptions options{.lo = 0, .hi = static_cast<int64_t>(kSmall), .newest = newest};
    const ObjectView view = Need(bucket_.Open(Patience(), Kept(lane * 7 + i), options));
    MemorySink sink;
    Need(view.Read(Patience(), 0, view.stat().size, sink));
    PBFS_CHECK(Equal(sink.bytes(), content_), "what was read is not what was written");
  });
}
double SmallObjects::BothByGateway() {
  return Round([&](size_t lane, size_t i) { lane % 2 == 0 ? Get(lane, i) : Put(lane, i); });
}

}  // namespace pbfs::bench
