#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/result.h"
#include "libs/s3/post_form.h"
#include "libs/s3/signature.h"

/// What the signer of a POST form allows whoever sends it.
namespace pbfs::s3 {

struct PostPolicy {
  struct Condition {
    std::string field;  // lower case, without $
    std::string value;
    bool starts_with = false;  // else equal
  };
  int64_t expiration_ms = 0;
  std::vector<Condition> conditions;
  std::optional<std::pair<int64_t, int64_t>> content_length;  // bytes of the file, both ends included
};

/// The value of the field `policy`: base64 of JSON. Errors: InvalidPolicyDocument.
Result<PostPolicy> ParsePostPolicy(std::string_view base64);

/// Each condition holds for the form and `bucket` (${filename} already replaced), and each field is spoken of, but `file`,
/// `policy`, `x-amz-signature` and x-ignore-*. Errors: AccessDenied, also after the expiration.
Status CheckPostPolicy(const PostPolicy& policy, const PostForm& form, std::string_view bucket, int64_t now_ms);
/// Errors: EntityTooSmall, EntityTooLarge.
Status CheckPostSize(const PostPolicy& policy, int64_t file_bytes);

/// Who signed the form's policy; none: an anonymous form (no policy, no signature).
/// Errors: InvalidArgument for fields that are missing or malformed, or SigV2.
Result<std::optional<Authorization>> ReadPostAuthorization(const PostForm& form);
/// Errors: AuthorizationHeaderMalformed for another scope; SignatureDoesNotMatch. Times are the policy's.
Status VerifyPostSignature(const PostForm& form, const Authorization& authorization, std::string_view secret,
                           std::string_view region);

}  // namespace pbfs::s3
