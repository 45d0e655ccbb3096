#pragma once

#include <deque>
#include <functional>
#include <string>

#include "bench/bench_cluster.h"
#include "bench/s3_connection.h"

namespace pbfs::bench {

/// The gateway of a cluster, an access key of it, and buckets that it serves.
class GatewaySite {
 public:
  explicit GatewaySite(BenchCluster& cluster);

  const S3Site& s3() const { return s3_; }
  /// A new 4+2 bucket with these ETags.
  Bucket MakeBucket(const std::string& name, Etag etag);

 private:
  BenchCluster& cluster_;
  S3Site s3_;
};

/// Rounds of whole objects one after another, through the gateway and through the client library: gigabytes a second.
class LargeObjects {
 public:
  LargeObjects(const GatewaySite& site, Bucket bucket, int64_t size, int count);

  double gigabytes() const { return static_cast<double>(size_) * count_ / 1e9; }  // of a round
  double PutByGateway();
  double PutByClient();
  double GetByGateway();
  double GetByClient();
  void CheckContents();
  std::string PathOf(int i) const;
  ByteSpan content() const { return content_; }

 private:
  double Round(const std::function<void(int)>& work) const;

  Bucket bucket_;
  S3Connection s3_;
  const int64_t size_;
  const int count_;
  Bytes content_, out_;
};

inline constexpr int kSmallSeconds = 4;  // of a round

/// Rounds of objects of 4 KiB, many at a time, each on a connection of the gateway or a thread of the client library: thousands a second.
class SmallObjects {
 public:
  SmallObjects(const GatewaySite& site, Bucket bucket, size_t lanes);

  double PutByGateway();
  double PutByClient();
  double GetByGateway();
  /// `newest`: as the gateway asks; else as the client library does by itself, which sees what it did itself.
  double GetByClient(bool newest);
  /// Every other lane puts.
  double BothByGateway();

 private:
  void Put(size_t lane, size_t i);
  void Get(size_t lane, size_t i);
  double Round(const std::function<void(size_t lane, size_t i)>& work);
  std::string Path(const std::string& name) const;

  Bucket bucket_;
  Bytes content_;
  std::deque<S3Connection> lanes_;
};

}  // namespace pbfs::bench
