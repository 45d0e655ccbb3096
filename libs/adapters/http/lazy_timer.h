#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "libs/base/scheduler.h"

namespace pbfs {

/// A timer that is set again with nearly every operation and hardly ever runs out: only a time earlier than the one that the
/// system's timer waits for touches that. Threads: the one of its io_context.
class LazyTimer {
 public:
  explicit LazyTimer(boost::asio::io_context& context) : timer_(context) {}

  /// What happens when the time is up, if `owner` is there then. Once, before Set().
  void OnExpiry(std::weak_ptr<void> owner, std::function<void()> expired) {
    owner_ = std::move(owner);
    expired_ = std::move(expired);
  }
  void Set(Duration from_now) {
    deadline_ = MonotonicNow() + from_now;
    if (deadline_ < armed_) Arm();
  }
  void Clear() { deadline_ = MonotonicTime::max(); }
  bool set() const { return deadline_ != MonotonicTime::max(); }
  /// Nothing happens any more.
  void Stop() {
    Clear();
    stopped_ = true;
    timer_.cancel();
  }

 private:
  void Arm() {
    armed_ = deadline_;
    timer_.expires_at(armed_);  // ends a wait for a later time
    timer_.async_wait([this, owner = owner_](const boost::system::error_code& ended) {
      const auto alive = owner.lock();
      if (alive != nullptr && !ended && !stopped_) Fire();
    });
  }
  void Fire() {
    armed_ = MonotonicTime::max();
    if (!set()) return;
    if (MonotonicNow() < deadline_) return Arm();
    Clear();
    expired_();
  }

  boost::asio::steady_timer timer_;
  std::weak_ptr<void> owner_;
  std::function<void()> expired_;
  MonotonicTime deadline_ = MonotonicTime::max();
  MonotonicTime armed_ = MonotonicTime::max();
  bool stopped_ = false;
};

}  // namespace pbfs
