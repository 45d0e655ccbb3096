#pragma once

#include "services/gateway/site.h"

namespace pbfs::gateway {

/// What must hold of the key when a new object is bound to it; and what is answered if it does not hold any more.
struct WriteConditions {
  bool if_none_match = false;
  std::optional<ObjectId> if_bound_to;
  s3::Code lost = s3::Code::kPreconditionFailed;
};

/// The conditions of a PutObject and its kin, which hold now. Errors (of S3): PreconditionFailed, NoSuchKey, NotImplemented.
Result<WriteConditions> ReadWriteConditions(Site& site, Call& call);

/// The object that a copy is made of, opened at its beginning. Errors (of S3): NoSuchBucket, NoSuchKey, NoSuchVersion.
Result<ObjectView> OpenSource(Site& site, Call& call, const s3::CopySource& source);

}  // namespace pbfs::gateway
