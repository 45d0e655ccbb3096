#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pbfs {

/// gRPC's codes. A code tells the caller what to do, not what went wrong:
///   UNAVAILABLE, DEADLINE_EXCEEDED  may repeat what is idempotent, with back-off; a commit answered so is in doubt and
///                                   is repeated with the same id, never a new one
///   RESOURCE_EXHAUSTED              a queue or disk is full: back off, shed
///   ABORTED                         lost a race: read again, decide again
///   FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, OUT_OF_RANGE, PERMISSION_DENIED, UNAUTHENTICATED
///                                   must not repeat as it is
///   DATA_LOSS                       bytes failed their check here: try another fragment, report
enum class StatusCode {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// "NOT_FOUND" and so on.
std::string_view StatusCodeName(StatusCode code);

/// The outcome of an operation: a code, a message for a person that says what to do, and optional key-value details
/// for programs (they travel in gRPC trailing metadata). Values never hold keys, tokens or payload.
/// Threads: a value, like std::string.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::pair<std::string, std::string>>& details() const { return details_; }

  Status&& WithDetail(std::string key, std::string value) &&;
  std::optional<std::string> Detail(std::string_view key) const;
  /// The same status with `context` in front of its message; OK stays OK. Add context once, where it is known.
  Status Annotate(std::string_view context) const;
  /// "NOT_FOUND: no such object".
  std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> details_;
};

inline Status OkStatus() { return {}; }
Status CancelledError(std::string message);
Status InvalidArgumentError(std::string message);
Status DeadlineExceededError(std::string message);
Status NotFoundError(std::string message);
Status AlreadyExistsError(std::string message);
Status PermissionDeniedError(std::string message);
Status ResourceExhaustedError(std::string message);
Status FailedPreconditionError(std::string message);
Status AbortedError(std::string message);
Status OutOfRangeError(std::string message);
Status UnimplementedError(std::string message);
Status InternalError(std::string message);
Status UnavailableError(std::string message);
Status DataLossError(std::string message);
Status UnauthenticatedError(std::string message);

/// UNAVAILABLE or DEADLINE_EXCEEDED: an idempotent operation may be repeated after back-off.
bool IsRetryable(const Status& status);

}  // namespace pbfs
