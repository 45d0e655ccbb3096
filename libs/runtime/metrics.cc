#include "libs/runtime/metrics.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "libs/base/sync.h"
#include "libs/runtime/process_metrics.h"

namespace pbfs {
namespace {

constexpr int kCodes = 17;

// Seconds: from a cached read to a commit that waits for a slow standby.
const prometheus::Histogram::BucketBoundaries kSeconds = {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                                          0.1,    0.2,    0.5,   1,     2,     5,    10};

/// Shows nothing of its own: brings others' numbers up to date before they are shown.
class Refreshes final : public prometheus::Collectable {
 public:
  void Add(const void* owner, std::function<void()> refresh) {
    MutexLock lock(mutex_);
    refreshes_.emplace_back(owner, std::move(refresh));
  }
  void Remove(const void* owner) {
    MutexLock lock(mutex_);
    std::erase_if(refreshes_, [&](const auto& entry) { return entry.first == owner; });
  }
  std::vector<prometheus::MetricFamily> Collect() const override {
    MutexLock lock(mutex_);
    for (const auto& [owner, refresh] : refreshes_) refresh();
    return {};
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::pair<const void*, std::function<void()>>> refreshes_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace

struct Metrics::Impl {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::shared_ptr<Refreshes> refreshes = std::make_shared<Refreshes>();
  std::shared_ptr<ProcessMetrics> process = std::make_shared<ProcessMetrics>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;
void Metrics::Refresh(std::function<void()> refresh) { impl_->refreshes->Add(nullptr, std::move(refresh)); }
Refresher::Refresher(Metrics& metrics, std::function<void()> refresh) : metrics_(metrics) {
  metrics_.impl_->refreshes->Add(this, std::move(refresh));
}
Refresher::~Refresher() { metrics_.impl_->refreshes->Remove(this); }
prometheus::Registry& Metrics::registry() { return *impl_->registry; }

Result<int> Metrics::Expose(const std::string& address) {
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(address, 1);
    impl_->exposer->RegisterCollectable(impl_->refreshes);  // they are asked in this order
    impl_->exposer->RegisterCollectable(impl_->registry);
    impl_->exposer->RegisterCollectable(impl_->process);
    return impl_->exposer->GetListeningPorts().front();
  } catch (const std::exception& error) {  // civetweb's; none may leave this layer
    return UnavailableError("cannot serve metrics at " + address + ": " + error.what() +
                            "; is another process using the port? Change metrics.address");
  }
}

Gauges::Gauges(Metrics& metrics, const std::string& name, const std::string& help, std::string label)
    : family_(prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry())), label_(std::move(label)) {}

void Gauges::SetDouble(const std::string& value_of_label, double value) {
  family_.Add({{label_, value_of_label}}).Set(value);
}

GaugeTable::GaugeTable(Metrics& metrics, const std::string& name, const std::string& help)
    : family_(prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry())) {}

void GaugeTable::Show(const Rows& rows) {
  MutexLock lock(mutex_);
  std::erase_if(shown_, [&](const auto& entry) {
    if (rows.contains(entry.first)) return false;
    family_.Remove(entry.second);
    return true;
  });
  for (const auto& [labels, value] : rows) {
    prometheus::Gauge*& gauge = shown_[labels];
    if (gauge == nullptr) gauge = &family_.Add(labels);
    gauge->Set(value);
  }
}

struct CallMetrics::Impl {
  struct Method {
    std::array<prometheus::Counter*, kCodes> calls;
    prometheus::Histogram* seconds;
  };
  std::vector<Method> methods;
  prometheus::Gauge* active;
};

CallMetrics::CallMetrics(Metrics* metrics, const std::string& name, const std::vector<std::string>& methods) {
  if (metrics == nullptr) return;
  impl_ = std::make_unique<Impl>();
  prometheus::Registry& registry = metrics->registry();
  auto& calls = prometheus::BuildCounter().Name(name + "_calls_total").Help("Calls by outcome").Register(registry);
  auto& seconds = prometheus::BuildHistogram().Name(name + "_call_seconds").Help("Time of a call").Register(registry);
  auto& active = prometheus::BuildGauge().Name(name + "_calls_active").Help("Calls under way").Register(registry);
  impl_->active = &active.Add({});
  for (const std::string& method : methods) {
    Impl::Method handles;
    for (int code = 0; code < kCodes; ++code) {
      const std::string label(StatusCodeName(static_cast<StatusCode>(code)));
      handles.calls[static_cast<size_t>(code)] = &calls.Add({{"method", method}, {"code", label}});
    }
    handles.seconds = &seconds.Add({{"method", method}}, kSeconds);
    impl_->methods.push_back(handles);
  }
}
CallMetrics::~CallMetrics() = default;

void CallMetrics::Begin() {
  if (impl_ != nullptr) impl_->active->Increment();
}

void CallMetrics::End(size_t method, StatusCode code, Duration took) {
  if (impl_ == nullptr) return;
  impl_->active->Decrement();
  const Impl::Method& handles = impl_->methods[method];
  handles.calls[static_cast<size_t>(code)]->Increment();
  handles.seconds->Observe(std::chrono::duration<double>(took).count());
}

}  // namespace pbfs
