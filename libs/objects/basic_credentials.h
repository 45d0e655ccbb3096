#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pbfs::objects {

/// An access key and its secret, as the caller says. The secret is in no log and no error.
struct BasicCredentials {
  std::string id;
  std::string secret;
};

/// `Basic base64(id:secret)` (RFC 7617); the scheme in any case. None for anything else, or more than 512 bytes.
std::optional<BasicCredentials> ParseBasicCredentials(std::string_view authorization);
/// The inverse, for clients.
std::string FormatBasicCredentials(const BasicCredentials& credentials);

}  // namespace pbfs::objects
