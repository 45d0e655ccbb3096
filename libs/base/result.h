#pragma once

#include <utility>
#include <variant>

#include "libs/base/check.h"
#include "libs/base/status.h"

namespace pbfs {

/// A value, or the Status that says why there is none. Reading the value of an error crashes (PBFS_CHECK).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT(google-explicit-constructor): a value is a result
  Result(Status status) : state_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    PBFS_CHECK(!std::get<Status>(state_).ok(), "an OK status is no error");
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? OkStatus() : std::get<Status>(state_); }

  T& value() & { return Checked(), std::get<T>(state_); }
  const T& value() const& { return Checked(), std::get<T>(state_); }
  T&& value() && { return Checked(), std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) const& { return ok() ? std::get<T>(state_) : std::move(other); }

 private:
  void Checked() const {
    if (!ok()) CheckFailed(__FILE__, __LINE__, "result.ok()", std::get<Status>(state_).ToString());
  }
  std::variant<T, Status> state_;
};

}  // namespace pbfs

#define PBFS_CONCAT_INNER(a, b) a##b
#define PBFS_CONCAT(a, b) PBFS_CONCAT_INNER(a, b)

/// Returns from the function with the status unless it is OK.
#define PBFS_RETURN_IF_ERROR(expression)       \
  do {                                         \
    ::pbfs::Status pbfs_status = (expression); \
    if (!pbfs_status.ok()) [[unlikely]]        \
      return pbfs_status;                      \
  } while (false)

/// PBFS_ASSIGN_OR_RETURN(auto x, F()): declares x from a Result, or returns its status.
#define PBFS_ASSIGN_OR_RETURN(declaration, expression) \
  PBFS_ASSIGN_OR_RETURN_INNER(PBFS_CONCAT(pbfs_result_, __LINE__), declaration, expression)
#define PBFS_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) [[unlikely]]                                     \
    return result.status();                                          \
  declaration = *std::move(result)
