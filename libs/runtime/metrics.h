#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/result.h"
#include "libs/base/scheduler.h"
#include "libs/base/sync.h"

namespace prometheus {
class Gauge;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace pbfs {

/// The metrics of one process, and the page that shows them. Threads: any.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  /// Where adapters register their own; take handles once, in constructors: looking one up hashes under a lock.
  prometheus::Registry& registry();
  /// Serves GET /metrics at `address` (host:port; port 0 takes a free one). No TLS: bind it to the loopback address or to a
  /// private network. Returns the port. Errors: UNAVAILABLE the port is in use, INVALID_ARGUMENT.
  Result<int> Expose(const std::string& address);

  /// Calls `refresh` before each look at the page, one at a time, for as long as this lives: for numbers that nobody keeps up to date.
  void Refresh(std::function<void()> refresh);

 private:
  friend class Refresher;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same for as long as the Refresher lives: its destructor waits for a call under way.
class Refresher {
 public:
  /// `metrics` outlives this.
  Refresher(Metrics& metrics, std::function<void()> refresh);
  ~Refresher();
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

 private:
  Metrics& metrics_;
};

/// Numbers that go up and down, of one name, told apart by one label. Threads: any.
class Gauges {
 public:
  /// `metrics` outlives this.
  Gauges(Metrics& metrics, const std::string& name, const std::string& help, std::string label);
  template <typename Number>
  void Set(const std::string& value_of_label, Number value) {
    SetDouble(value_of_label, static_cast<double>(value));
  }

 private:
  void SetDouble(const std::string& value_of_label, double value);

  prometheus::Family<prometheus::Gauge>& family_;
  const std::string label_;
};

/// Numbers of one name, told apart by several labels, of things that come and go. Threads: any.
class GaugeTable {
 public:
  using Labels = std::map<std::string, std::string>;
  using Rows = std::map<Labels, double>;
  /// `metrics` outlives this.
  GaugeTable(Metrics& metrics, const std::string& name, const std::string& help);
  /// From now on these, and no others.
  void Show(const Rows& rows);

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  Mutex mutex_;
  std::map<Labels, prometheus::Gauge*> shown_ PBFS_GUARDED_BY(mutex_);
};

/// Counts and times the calls of one service: `<name>_calls_total{method,code}`, `<name>_call_seconds{method}`,
/// `<name>_calls_active`. Threads: any; no locks on the way.
class CallMetrics {
 public:
  /// `metrics` may be null: then nothing is kept. It outlives this.
  CallMetrics(Metrics* metrics, const std::string& name, const std::vector<std::string>& methods);
  ~CallMetrics();

  void Begin();
  /// `method`: index in the list given to the constructor.
  void End(size_t method, StatusCode code, Duration took);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
