#pragma once

#include "libs/base/stop_signal.h"
#include "libs/catalog/catalog.h"

namespace pbfs::catalog {

/// Raises the site's floor every `period` (format, section 9.11; I13). Several catalogs may do it. Threads: one of its own.
class Floors {
 public:
  explicit Floors(Journal& journal, Duration period = std::chrono::seconds(10));
  ~Floors();
  Floors(const Floors&) = delete;
  Floors& operator=(const Floors&) = delete;

 private:
  void Run();
  Journal& journal_;
  const Duration period_;
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::catalog
