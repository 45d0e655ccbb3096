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

/// What a copy is made of.
struct Source {
  ObjectView view;
  std::string version_id;  // empty: none is shown
  void AddVersion(HttpFields& fields) const {
    if (!version_id.empty()) fields.Set("x-amz-copy-source-version-id", version_id);
  }
};
/// The object, or version, that a copy is made of, opened at its beginning. Errors (of S3): NoSuchBucket, NoSuchKey, NoSuchVersion,
/// InvalidRequest: a delete marker.
Result<Source> OpenSource(Site& site, Call& call, const s3::CopySource& source);

}  // namespace pbfs::gateway
