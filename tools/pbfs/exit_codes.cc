#include "tools/pbfs/exit_codes.h"

namespace pbfs::cli {

ExitCode ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk: return kExitOk;
    case StatusCode::kInvalidArgument:
    case StatusCode::kOutOfRange: return kExitUsage;
    case StatusCode::kNotFound: return kExitNotFound;
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kAborted: return kExitConflict;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded: return kExitUnavailable;
    case StatusCode::kDataLoss: return kExitDataLoss;
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated: return kExitPermission;
    case StatusCode::kResourceExhausted: return kExitExhausted;
    case StatusCode::kCancelled: return kExitInterrupted;
    case StatusCode::kUnknown:
    case StatusCode::kUnimplemented:
    case StatusCode::kInternal: return kExitError;
  }
  return kExitError;
}

std::string_view HintFor(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return "Is the cluster up (pbfs local status), and does the configuration name its catalogs? A write that ends "
             "so may "
             "have happened: look (pbfs stat, pbfs history) before you repeat an append.";
    case StatusCode::kDataLoss: return "pbfs verify BUCKET/NAME tells which fragments are damaged.";
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return "Check who may read and write the files, certificates and keys that are named.";
    case StatusCode::kResourceExhausted: return "Wait a little and repeat, or free or add space (pbfs local status).";
    case StatusCode::kAborted: return "Somebody else was faster: look again, then repeat.";
    default: return "";
  }
}

}  // namespace pbfs::cli
