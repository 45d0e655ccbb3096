#include "libs/objects/basic_credentials.h"

#include <algorithm>

#include "libs/s3/checksum.h"

namespace pbfs::objects {
namespace {

constexpr std::string_view kScheme = "Basic ";
constexpr size_t kMaxBytes = 512;  // an access key and its secret have 60

}  // namespace

std::optional<BasicCredentials> ParseBasicCredentials(std::string_view authorization) {
  if (authorization.size() > kMaxBytes || !EqualsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  std::string_view encoded = authorization.substr(kScheme.size());
  encoded.remove_prefix(std::min(encoded.find_first_not_of(' '), encoded.size()));
  const std::optional<Bytes> decoded = FromBase64(encoded);
  if (!decoded.has_value()) return std::nullopt;
  const std::string_view pair = AsText(*decoded);
  const size_t colon = pair.find(':');  // the first: only the secret may have some
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return BasicCredentials{std::string(pair.substr(0, colon)), std::string(pair.substr(colon + 1))};
}

std::string FormatBasicCredentials(const BasicCredentials& credentials) {
  return std::string(kScheme) + Base64(AsBytes(credentials.id + ":" + credentials.secret));
}

}  // namespace pbfs::objects
