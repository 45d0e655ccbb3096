#pragma once

#include "services/gateway/operations.h"

namespace pbfs::gateway {

/// Where an action begins with it, no bucket's policy decides: whoever has an access key may do it, if that's policy allows it.
inline constexpr char kOwnersOnly = '!';

/// What a request asks for.
struct Route {
  const char* name = nullptr;  // "GetObject": for logs and metrics
  Operation operation = nullptr;
  const char* action = "";  // what policies call it; empty: it asks for itself
};

/// By method, by what the target names (the service, a bucket, an object), and by sub-resources. One of S3's sub-resources that is not
/// served is NotImplemented, never the plain operation: PUT /b/k?legal-hold taken for a PutObject would destroy data.
/// Errors (of S3): MethodNotAllowed.
Result<Route> FindRoute(const Call& call);

/// The names that Call::operation can have.
std::vector<std::string> OperationNames();

}  // namespace pbfs::gateway
