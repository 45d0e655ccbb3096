#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/http/message.h"

/// Conditional requests (RFC 9110, 13). Tags compare without their quotes; lists, `*` and bare tags without quotes are
/// understood. A date that is none is as if it were not there.
namespace pbfs::s3 {

/// What the conditions are held against.
struct Existing {
  bool exists = false;  // a delete marker does not
  std::string etag;     // without quotes; always a strong one
  int64_t last_modified_ms = 0;
};

enum class Verdict { kProceed, kNotModified, kPreconditionFailed };

/// GET and HEAD of an object that exists. If-Match true beats If-Unmodified-Since; If-None-Match beats If-Modified-Since.
Verdict CheckRead(const HttpFields& fields, const Existing& existing);

/// The source of a copy: x-amz-copy-source-if-*. Errors: PreconditionFailed.
Status CheckCopySource(const HttpFields& fields, const Existing& existing);

/// PutObject, CompleteMultipartUpload, CopyObject: `If-None-Match: *` and If-Match. What is checked here is checked again
/// where the write is decided, against the same `existing`.
/// Errors: PreconditionFailed; NoSuchKey for If-Match without an object; NotImplemented for If-None-Match with a tag.
Status CheckWrite(const HttpFields& fields, const Existing& existing);

/// PATCH and append: If-Match, If-Unmodified-Since, If-None-Match with tags or `*`. Errors: PreconditionFailed.
Status CheckPatch(const HttpFields& fields, const Existing& existing);

/// DELETE: If-Match. Errors: PreconditionFailed; NoSuchKey without an object.
Status CheckDelete(const HttpFields& fields, const Existing& existing);

/// Whether the request has any condition on what it writes.
bool HasWriteConditions(const HttpFields& fields);

/// The tag in a header or document without its quotes.
std::string_view WithoutQuotes(std::string_view etag);
/// `"etag"`.
std::string Quoted(std::string_view etag);

}  // namespace pbfs::s3
