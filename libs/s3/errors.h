#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/status.h"

/// The error codes of S3: how a Status becomes what a client of the protocol understands.
namespace pbfs::s3 {

enum class Code {
  kAccessControlListNotSupported,
  kAccessDenied,
  kAccessForbidden,
  kAuthorizationHeaderMalformed,
  kAuthorizationQueryParametersError,
  kBadDigest,
  kBucketAlreadyExists,
  kBucketAlreadyOwnedByYou,
  kBucketNotEmpty,
  kConcurrentUpdatesPatchConflict,
  kConditionalRequestConflict,
  kEntityTooLarge,
  kEntityTooSmall,
  kIdempotencyParameterMismatch,
  kIncompleteBody,
  kInternalError,
  kInvalidAccessKeyId,
  kInvalidArgument,
  kInvalidBucketName,
  kInvalidBucketState,
  kInvalidDigest,
  kInvalidLocationConstraint,
  kInvalidPart,
  kInvalidPartNumber,
  kInvalidPartOrder,
  kInvalidPolicyDocument,
  kInvalidRange,
  kInvalidRequest,
  kInvalidTag,
  kInvalidUri,
  kInvalidWriteOffset,
  kKeyTooLong,
  kMalformedPolicy,
  kMalformedPostRequest,
  kMalformedTrailer,
  kMalformedXml,
  kMetadataTooLarge,
  kMethodNotAllowed,
  kMissingContentLength,
  kMissingContentRange,
  kMissingRequestBody,
  kMissingSecurityHeader,
  kNoSuchBucket,
  kNoSuchBucketPolicy,
  kNoSuchCorsConfiguration,
  kNoSuchKey,
  kNoSuchLifecycleConfiguration,
  kNoSuchObjectLockConfiguration,
  kNoSuchPublicAccessBlockConfiguration,
  kNoSuchTagSet,
  kNoSuchUpload,
  kNoSuchVersion,
  kNotImplemented,
  kObjectLockConfigurationNotFound,
  kObjectVersionPatchConflict,
  kOperationAborted,
  kOwnershipControlsNotFound,
  kPermanentRedirect,
  kPreconditionFailed,
  kRequestHeaderSectionTooLarge,
  kRequestTimeTooSkewed,
  kRequestTimeout,
  kServerSideEncryptionConfigurationNotFound,
  kServiceUnavailable,
  kSignatureDoesNotMatch,
  kSlowDown,
  kTemporaryRedirect,
  kTooManyBuckets,
  kXAmzContentSha256Mismatch,
};

/// "NoSuchKey".
std::string_view CodeName(Code code);
/// 404.
int HttpStatusOf(Code code);

/// A Status whose detail "s3-code" is the name of `code`, with the StatusCode that fits it; without a message, the usual
/// one. More details (WithDetail) become elements of the error document: never put a secret there.
Status Error(Code code, std::string message = {});
/// True for a Status that Error(code) made.
bool IsError(const Status& status, Code code);

/// What is answered instead of a result.
struct Failure {
  std::string code;
  int http_status = 500;
  std::string message;
  /// Further elements of the document, in this order: StringToSign and the like.
  std::vector<std::pair<std::string, std::string>> extra;
};

/// Any Status that is not OK. What Error() made comes out as it is. Others by their StatusCode: NOT_FOUND is NoSuchKey,
/// RESOURCE_EXHAUSTED SlowDown, UNAVAILABLE and DEADLINE_EXCEEDED ServiceUnavailable, PERMISSION_DENIED AccessDenied,
/// UNIMPLEMENTED NotImplemented, all else InternalError; with the usual message of the code, since theirs speak of our
/// insides.
Failure ToFailure(const Status& status);

/// <Error> of `failure`. `resource` is the path as the client sent it.
std::string ErrorDocument(const Failure& failure, std::string_view resource, std::string_view request_id,
                          std::string_view host_id);

}  // namespace pbfs::s3
