#pragma once

#include <functional>
#include <map>

#include "libs/base/sync.h"

namespace pbfs::simulation {

/// Runs functions at points of virtual time, on a thread of its own: late deliveries. Threads: any.
class Postman {
 public:
  Postman();
  /// What has not been delivered is delivered at once.
  ~Postman();
  Postman(const Postman&) = delete;
  Postman& operator=(const Postman&) = delete;

  void At(MonotonicTime when, std::function<void()> deliver);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::multimap<MonotonicTime, std::function<void()>> letters_ PBFS_GUARDED_BY(mutex_);
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace pbfs::simulation
