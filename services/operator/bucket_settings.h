#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/catalog/types.h"
#include "services/operator/cluster_spec.h"
#include "services/operator/json.h"

/// What the spec of a PBFSBucket says, in the terms of the site. Pure.
namespace pbfs::operators {

/// The name that S3 knows it by.
std::string BucketNameOf(const Json& object);
/// With which it is made.
BucketSettings SettingsOf(const Json& spec, const std::string& bucket, const RedundancySpec& redundancy);
Versioning VersioningOf(const Json& spec);

/// The documents about the bucket that the spec asks for, by name (libs/access/system_bucket.h), as gateways keep them. Errors: INVALID_ARGUMENT
/// naming the field that cannot be so, or that this release cannot do.
Result<StringMap> BucketDocuments(const Json& spec, const std::string& bucket);

}  // namespace pbfs::operators
