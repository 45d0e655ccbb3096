#pragma once

#include <atomic>
#include <vector>

#include "bench/s3_connection.h"
#include "libs/base/sync.h"

namespace pbfs::bench {

/// Clients that drip, on one thread while this lives: every other one sends a byte of a body of 1 MiB now and then, the others take a byte of a
/// large object now and then. Whoever is thrown out comes back. Threads: one.
class SlowClients {
 public:
  /// `large`: an object that is there, "/bucket/key"; `sink`: one to be put. Returns when all have begun.
  SlowClients(const S3Site& site, int count, std::string large, std::string sink);
  ~SlowClients();

  int64_t thrown_out() const { return thrown_out_; }

 private:
  void Run();
  S3Connection Begin(size_t number) const;
  static bool Drip(const S3Connection& connection, bool sends);

  const S3Site& site_;
  const size_t count_;
  const std::string large_, sink_;
  std::vector<S3Connection> clients_;
  std::atomic<int64_t> thrown_out_ = 0;
  Mutex mutex_;
  CondVar over_changed_;
  bool over_ PBFS_GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses the rest
};

}  // namespace pbfs::bench
