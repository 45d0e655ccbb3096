#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/check.h"
#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {

/// The same port of a site's catalogs, for callers whose every call may be repeated: a call goes to the catalog that answered last,
/// and after UNAVAILABLE or DEADLINE_EXCEEDED once to each of the others. Threads: any.
template <typename Port>
class PortPool {
 public:
  /// Owns a Client, made of an address and `security`, for each address; at least one. `attempt`: the time that one catalog gets.
  template <typename Client>
  static PortPool Connect(const std::vector<std::string>& addresses, const TransportSecurity& security,
                          Duration attempt) {
    PBFS_CHECK(!addresses.empty());
    PortPool pool(attempt);
    for (const std::string& address : addresses) pool.catalogs_.push_back(std::make_unique<Client>(address, security));
    return pool;
  }

  /// call(context, port) gives a Status or a Result.
  template <typename Call>
  auto Ask(const Context& context, const Call& call) {
    const size_t first = *current_;
    for (size_t i = 0;; ++i) {
      const size_t which = (first + i) % catalogs_.size();
      auto answer = call(context.Within(attempt_), *catalogs_[which]);
      const bool last = i + 1 == catalogs_.size() || !context.Check().ok();
      if (last || !AnotherMayDoBetter(StatusIn(answer))) {
        *current_ = which;
        return answer;
      }
    }
  }

 private:
  explicit PortPool(Duration attempt) : attempt_(attempt) {}
  static const Status& StatusIn(const Status& status) { return status; }
  template <typename T>
  static Status StatusIn(const Result<T>& result) {
    return result.status();
  }
  static bool AnotherMayDoBetter(const Status& status) {
    return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
  }

  const Duration attempt_;
  std::vector<std::unique_ptr<Port>> catalogs_;
  std::unique_ptr<std::atomic<size_t>> current_ = std::make_unique<std::atomic<size_t>>(0);
};

}  // namespace pbfs
