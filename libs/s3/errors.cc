#include "libs/s3/errors.h"

#include <algorithm>
#include <iterator>

#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

constexpr std::string_view kCodeDetail = "s3-code";

struct Row {
  Code code;
  std::string_view name;
  int http_status;
  StatusCode status;
  std::string_view message;
};

using enum StatusCode;
constexpr Row kRows[] = {
    {Code::kAccessControlListNotSupported, "AccessControlListNotSupported", 400, kInvalidArgument,
     "The bucket does not allow ACLs"},
    {Code::kAccessDenied, "AccessDenied", 403, kPermissionDenied, "Access Denied"},
    {Code::kAccessForbidden, "AccessForbidden", 403, kPermissionDenied,
     "CORSResponse: This CORS request is not allowed."},
    {Code::kAuthorizationHeaderMalformed, "AuthorizationHeaderMalformed", 400, kInvalidArgument,
     "The authorization header is malformed"},
    {Code::kAuthorizationQueryParametersError, "AuthorizationQueryParametersError", 400, kInvalidArgument,
     "The authorization parameters of the query are malformed"},
    {Code::kBadDigest, "BadDigest", 400, kInvalidArgument, "The checksum you specified did not match what we received"},
    {Code::kBucketAlreadyExists, "BucketAlreadyExists", 409, kAlreadyExists,
     "The requested bucket name is not available"},
    {Code::kBucketAlreadyOwnedByYou, "BucketAlreadyOwnedByYou", 409, kAlreadyExists,
     "You already own a bucket of this name"},
    {Code::kBucketNotEmpty, "BucketNotEmpty", 409, kFailedPrecondition, "The bucket you tried to delete is not empty"},
    {Code::kConcurrentUpdatesPatchConflict, "ConcurrentUpdatesPatchConflict", 409, kAborted,
     "Other updates of the object kept overtaking this one"},
    {Code::kConditionalRequestConflict, "ConditionalRequestConflict", 409, kAborted,
     "The condition held, but the object changed before the request was done"},
    {Code::kEntityTooLarge, "EntityTooLarge", 400, kInvalidArgument, "Your upload exceeds the maximum allowed size"},
    {Code::kEntityTooSmall, "EntityTooSmall", 400, kInvalidArgument,
     "Your upload is smaller than the minimum allowed size"},
    {Code::kIdempotencyParameterMismatch, "IdempotencyParameterMismatch", 400, kInvalidArgument,
     "This client token was used with other parameters"},
    {Code::kIncompleteBody, "IncompleteBody", 400, kInvalidArgument,
     "You did not provide the number of bytes specified by the length headers"},
    {Code::kInternalError, "InternalError", 500, kInternal, "We encountered an internal error. Please try again."},
    {Code::kInvalidAccessKeyId, "InvalidAccessKeyId", 403, kPermissionDenied,
     "The access key you provided does not exist in our records"},
    {Code::kInvalidArgument, "InvalidArgument", 400, kInvalidArgument, "Invalid argument"},
    {Code::kInvalidBucketName, "InvalidBucketName", 400, kInvalidArgument, "The specified bucket is not valid"},
    {Code::kInvalidBucketState, "InvalidBucketState", 409, kFailedPrecondition,
     "The request is not valid with the current state of the bucket"},
    {Code::kInvalidDigest, "InvalidDigest", 400, kInvalidArgument, "The Content-MD5 you specified was invalid"},
    {Code::kInvalidLocationConstraint, "InvalidLocationConstraint", 400, kInvalidArgument,
     "The specified location constraint is not valid"},
    {Code::kInvalidPart, "InvalidPart", 400, kInvalidArgument,
     "One or more of the specified parts could not be found, or its tag did not match"},
    {Code::kInvalidPartNumber, "InvalidPartNumber", 416, kOutOfRange, "The requested partnumber is not satisfiable"},
    {Code::kInvalidPartOrder, "InvalidPartOrder", 400, kInvalidArgument,
     "The list of parts was not in ascending order"},
    {Code::kInvalidPolicyDocument, "InvalidPolicyDocument", 400, kInvalidArgument,
     "The content of the form does not meet the conditions of the policy document"},
    {Code::kInvalidRange, "InvalidRange", 416, kOutOfRange, "The requested range is not satisfiable"},
    {Code::kInvalidRequest, "InvalidRequest", 400, kInvalidArgument, "Invalid request"},
    {Code::kInvalidTag, "InvalidTag", 400, kInvalidArgument, "The tag provided was not a valid tag"},
    {Code::kInvalidUri, "InvalidURI", 400, kInvalidArgument, "Couldn't parse the specified URI"},
    {Code::kInvalidWriteOffset, "InvalidWriteOffset", 400, kFailedPrecondition,
     "The write offset is not the size of the object"},
    {Code::kKeyTooLong, "KeyTooLongError", 400, kInvalidArgument, "Your key is too long"},
    {Code::kMalformedPolicy, "MalformedPolicy", 400, kInvalidArgument, "The policy is not valid"},
    {Code::kMalformedPostRequest, "MalformedPOSTRequest", 400, kInvalidArgument,
     "The body of your POST request is not well-formed multipart/form-data"},
    {Code::kMalformedTrailer, "MalformedTrailerError", 400, kInvalidArgument,
     "The request contained trailing data that was not well-formed or did not conform to what was announced"},
    {Code::kMalformedXml, "MalformedXML", 400, kInvalidArgument,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {Code::kMetadataTooLarge, "MetadataTooLarge", 400, kInvalidArgument,
     "Your metadata headers exceed the maximum allowed metadata size"},
    {Code::kMethodNotAllowed, "MethodNotAllowed", 405, kFailedPrecondition,
     "The specified method is not allowed against this resource"},
    {Code::kMissingContentLength, "MissingContentLength", 411, kInvalidArgument,
     "You must provide the Content-Length HTTP header"},
    {Code::kMissingContentRange, "MissingContentRange", 400, kInvalidArgument, "The patch does not say where it goes"},
    {Code::kMissingRequestBody, "MissingRequestBodyError", 400, kInvalidArgument, "Request body is empty"},
    {Code::kMissingSecurityHeader, "MissingSecurityHeader", 400, kInvalidArgument,
     "Your request is missing a required header"},
    {Code::kNoSuchBucket, "NoSuchBucket", 404, kNotFound, "The specified bucket does not exist"},
    {Code::kNoSuchBucketPolicy, "NoSuchBucketPolicy", 404, kNotFound, "The bucket policy does not exist"},
    {Code::kNoSuchCorsConfiguration, "NoSuchCORSConfiguration", 404, kNotFound,
     "The CORS configuration does not exist"},
    {Code::kNoSuchKey, "NoSuchKey", 404, kNotFound, "The specified key does not exist"},
    {Code::kNoSuchLifecycleConfiguration, "NoSuchLifecycleConfiguration", 404, kNotFound,
     "The lifecycle configuration does not exist"},
    {Code::kNoSuchObjectLockConfiguration, "NoSuchObjectLockConfiguration", 404, kNotFound,
     "The specified object does not have an object lock configuration"},
    {Code::kNoSuchPublicAccessBlockConfiguration, "NoSuchPublicAccessBlockConfiguration", 404, kNotFound,
     "The public access block configuration was not found"},
    {Code::kNoSuchTagSet, "NoSuchTagSet", 404, kNotFound, "The tag set does not exist"},
    {Code::kNoSuchUpload, "NoSuchUpload", 404, kNotFound,
     "The specified upload does not exist; it may have been completed or aborted"},
    {Code::kNoSuchVersion, "NoSuchVersion", 404, kNotFound, "The specified version does not exist"},
    {Code::kNotImplemented, "NotImplemented", 501, kUnimplemented,
     "You asked for functionality that is not implemented"},
    {Code::kObjectLockConfigurationNotFound, "ObjectLockConfigurationNotFoundError", 404, kNotFound,
     "Object lock configuration does not exist for this bucket"},
    {Code::kObjectVersionPatchConflict, "ObjectVersionPatchConflict", 409, kAborted,
     "The key was deleted or written anew while the object was patched"},
    {Code::kOperationAborted, "OperationAborted", 409, kAborted,
     "A conflicting operation is in progress against this resource; try again"},
    {Code::kOwnershipControlsNotFound, "OwnershipControlsNotFoundError", 404, kNotFound,
     "The bucket ownership controls were not found"},
    {Code::kPermanentRedirect, "PermanentRedirect", 301, kFailedPrecondition,
     "The bucket must be addressed at another endpoint"},
    {Code::kPreconditionFailed, "PreconditionFailed", 412, kFailedPrecondition,
     "At least one of the pre-conditions you specified did not hold"},
    {Code::kRequestHeaderSectionTooLarge, "RequestHeaderSectionTooLarge", 400, kInvalidArgument,
     "The headers of your request exceed the maximum allowed size"},
    {Code::kRequestTimeTooSkewed, "RequestTimeTooSkewed", 403, kPermissionDenied,
     "The difference between the request time and the server's time is too large"},
    {Code::kRequestTimeout, "RequestTimeout", 400, kInvalidArgument,
     "Your connection to the server was not read from or written to in time"},
    {Code::kServerSideEncryptionConfigurationNotFound, "ServerSideEncryptionConfigurationNotFoundError", 404, kNotFound,
     "The server side encryption configuration was not found"},
    {Code::kServiceUnavailable, "ServiceUnavailable", 503, kUnavailable, "Service is unable to handle the request"},
    {Code::kSignatureDoesNotMatch, "SignatureDoesNotMatch", 403, kPermissionDenied,
     "The request signature we calculated does not match the signature you provided"},
    {Code::kSlowDown, "SlowDown", 503, kResourceExhausted, "Please reduce your request rate"},
    {Code::kTemporaryRedirect, "TemporaryRedirect", 307, kFailedPrecondition, "Repeat the request at this endpoint"},
    {Code::kTooManyBuckets, "TooManyBuckets", 400, kFailedPrecondition,
     "You attempted to create more buckets than allowed"},
    {Code::kXAmzContentSha256Mismatch, "XAmzContentSHA256Mismatch", 400, kInvalidArgument,
     "The provided x-amz-content-sha256 does not match what was computed"},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<size_t>(kRows[i].code) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "one row for each code, in the order of the enum");
static_assert(std::size(kRows) == static_cast<size_t>(Code::kXAmzContentSha256Mismatch) + 1);

const Row& RowOf(Code code) { return kRows[static_cast<size_t>(code)]; }

Code CodeOf(StatusCode status) {
  switch (status) {
    case kNotFound: return Code::kNoSuchKey;
    case kResourceExhausted: return Code::kSlowDown;
    case kUnavailable:
    case kDeadlineExceeded: return Code::kServiceUnavailable;
    case kPermissionDenied: return Code::kAccessDenied;
    case kUnimplemented: return Code::kNotImplemented;
    default: return Code::kInternalError;
  }
}

Failure UsualFailure(Code code) {
  const Row& row = RowOf(code);
  return {std::string(row.name), row.http_status, std::string(row.message), {}};
}

}  // namespace

std::string_view CodeName(Code code) { return RowOf(code).name; }
int HttpStatusOf(Code code) { return RowOf(code).http_status; }

Status Error(Code code, std::string message) {
  const Row& row = RowOf(code);
  if (message.empty()) message = row.message;
  return Status(row.status, std::move(message)).WithDetail(std::string(kCodeDetail), std::string(row.name));
}

bool IsError(const Status& status, Code code) { return status.Detail(kCodeDetail) == CodeName(code); }

Failure ToFailure(const Status& status) {
  const auto name = status.Detail(kCodeDetail);
  if (!name) return UsualFailure(CodeOf(status.code()));
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.name == *name; });
  // InternalError may carry what only the log should see.
  if (row == std::end(kRows) || row->code == Code::kInternalError) return UsualFailure(Code::kInternalError);
  Failure failure{*name, row->http_status, status.message(), {}};
  for (const auto& detail : status.details()) {
    if (detail.first != kCodeDetail) failure.extra.push_back(detail);
  }
  return failure;
}

std::string ErrorDocument(const Failure& failure, std::string_view resource, std::string_view request_id,
                          std::string_view host_id) {
  XmlWriter xml("Error", /*with_namespace=*/false);
  xml.Text("Code", failure.code);
  xml.Text("Message", failure.message);
  for (const auto& [name, value] : failure.extra) xml.Text(name, value);
  xml.Text("Resource", resource);
  xml.Text("RequestId", request_id);
  xml.Text("HostId", host_id);
  return std::move(xml).Finish();
}

}  // namespace pbfs::s3
