#pragma once

#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/client/client.h"

namespace pbfs::gateway {

/// What the browser page shows without a key, as JSON. It reads, and never changes anything; it opens nothing that is sealed: no
/// contents, metadata, tags, types or ETags. The buckets are those that S3 shows: not the one of access keys.
///
///   site                                     region and time of the gateway
///   cluster                                  stores, placement groups, the default code
///   buckets
///   names         bucket, prefix, delimiter, after, limit     a page of names, with sizes; `next` is the next page's `after`
///   object        bucket, name               id, size, version; when it was named and changed
///   extents       bucket, object, lo, hi     visible extents from lo on, at most some 2,000; [lo, covered_hi) is all there
///   history       bucket, object, before     a page of its ops, newest first; `next` is the next page's `before`
///   name-history  bucket, name               what the name was bound to, newest first
///
/// Orders are text: they do not fit the numbers of JavaScript. Times are milliseconds since 1970, ranges [lo, hi). Threads: any.
class AdminApi {
 public:
  AdminApi(std::string region, Client& client, const Clock& clock)
      : region_(std::move(region)), client_(client), clock_(clock) {}

  /// The document of `what`. Errors (of S3, see s3::ToFailure): InvalidArgument, InvalidURI, NoSuchBucket, NoSuchKey; NotImplemented: there is
  /// no such document.
  Result<std::string> Get(const Context& context, std::string_view what, std::string_view query);

 private:
  const std::string region_;
  Client& client_;
  const Clock& clock_;
};

}  // namespace pbfs::gateway
