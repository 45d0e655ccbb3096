#include "libs/base/status.h"

namespace pbfs {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "OK";
    case StatusCode::kCancelled: return "CANCELLED";
    case StatusCode::kUnknown: return "UNKNOWN";
    case StatusCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case StatusCode::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case StatusCode::kNotFound: return "NOT_FOUND";
    case StatusCode::kAlreadyExists: return "ALREADY_EXISTS";
    case StatusCode::kPermissionDenied: return "PERMISSION_DENIED";
    case StatusCode::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case StatusCode::kFailedPrecondition: return "FAILED_PRECONDITION";
    case StatusCode::kAborted: return "ABORTED";
    case StatusCode::kOutOfRange: return "OUT_OF_RANGE";
    case StatusCode::kUnimplemented: return "UNIMPLEMENTED";
    case StatusCode::kInternal: return "INTERNAL";
    case StatusCode::kUnavailable: return "UNAVAILABLE";
    case StatusCode::kDataLoss: return "DATA_LOSS";
    case StatusCode::kUnauthenticated: return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

Status&& Status::WithDetail(std::string key, std::string value) && {
  details_.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

std::optional<std::string> Status::Detail(std::string_view key) const {
  for (const auto& [name, value] : details_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Status Status::Annotate(std::string_view context) const {
  if (ok()) return *this;
  Status annotated = *this;
  annotated.message_ = std::string(context) + ": " + message_;
  return annotated;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(StatusCodeName(code_)) + ": " + message_;
}

Status CancelledError(std::string message) { return {StatusCode::kCancelled, std::move(message)}; }
Status InvalidArgumentError(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status DeadlineExceededError(std::string message) { return {StatusCode::kDeadlineExceeded, std::move(message)}; }
Status NotFoundError(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
Status AlreadyExistsError(std::string message) { return {StatusCode::kAlreadyExists, std::move(message)}; }
Status PermissionDeniedError(std::string message) { return {StatusCode::kPermissionDenied, std::move(message)}; }
Status ResourceExhaustedError(std::string message) { return {StatusCode::kResourceExhausted, std::move(message)}; }
Status FailedPreconditionError(std::string message) { return {StatusCode::kFailedPrecondition, std::move(message)}; }
Status AbortedError(std::string message) { return {StatusCode::kAborted, std::move(message)}; }
Status OutOfRangeError(std::string message) { return {StatusCode::kOutOfRange, std::move(message)}; }
Status UnimplementedError(std::string message) { return {StatusCode::kUnimplemented, std::move(message)}; }
Status InternalError(std::string message) { return {StatusCode::kInternal, std::move(message)}; }
Status UnavailableError(std::string message) { return {StatusCode::kUnavailable, std::move(message)}; }
Status DataLossError(std::string message) { return {StatusCode::kDataLoss, std::move(message)}; }
Status UnauthenticatedError(std::string message) { return {StatusCode::kUnauthenticated, std::move(message)}; }

bool IsRetryable(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
}

}  // namespace pbfs
