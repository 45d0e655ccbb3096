#include "libs/s3/target.h"

#include <algorithm>
#include <array>

#include "libs/s3/errors.h"

namespace pbfs::s3 {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool IsText(std::string_view text) { return IsUtf8(text) && text.find('\0') == std::string_view::npos; }

Result<std::string> DecodeText(std::string_view text, bool plus_is_blank) {
  std::optional<std::string> decoded = PercentDecode(text, plus_is_blank);
  if (!decoded || !IsText(*decoded)) return Error(Code::kInvalidUri);
  return *std::move(decoded);
}

/// The bucket that a virtual-host style Host names; empty for path style. The longest domain counts, should one end with
/// another.
std::string HostBucket(std::string_view host, const std::vector<std::string>& domains) {
  std::string name = LowerCase(host.substr(0, host.find(':')));
  size_t longest = 0;
  for (const std::string& domain : domains) {
    if (name == domain) return {};
    if (name.ends_with("." + domain)) longest = std::max(longest, domain.size() + 1);
  }
  return longest == 0 ? std::string{} : name.substr(0, name.size() - longest);
}

/// "bucket/key" apart; the key may be missing.
std::pair<std::string_view, std::string_view> SplitPath(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {path, {}};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool IsIpv4(std::string_view name) {
  int numbers = 0;
  while (true) {
    const std::string_view number = name.substr(0, name.find('.'));
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) return false;
    ++numbers;
    if (number.size() == name.size()) return numbers == 4;
    name.remove_prefix(number.size() + 1);
  }
}

bool IsBucketName(std::string_view name) {
  constexpr std::array<std::string_view, 3> kPrefixes = {"xn--", "sthree-", "amzn-s3-demo-"};
  constexpr std::array<std::string_view, 5> kSuffixes = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 63 || IsIpv4(name)) return false;
  if (!alphanumeric(name.front()) || !alphanumeric(name.back())) return false;
  for (const char c : name) {
    if (!alphanumeric(c) && c != '-' && c != '.') return false;
  }
  if (name.find("..") != std::string_view::npos) return false;
  return std::none_of(kPrefixes.begin(), kPrefixes.end(), [&](auto prefix) { return name.starts_with(prefix); }) &&
         std::none_of(kSuffixes.begin(), kSuffixes.end(), [&](auto suffix) { return name.ends_with(suffix); });
}

/// Bytes of the UTF-8 character at the front, 0 if it is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // The second byte rules out long forms, surrogates and what is beyond U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

}  // namespace

std::optional<std::string_view> Query::Find(std::string_view name) const {
  for (const Parameter& parameter : parameters_) {
    if (parameter.first == name) return parameter.second;
  }
  return std::nullopt;
}

Result<Query> ParseQuery(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    PBFS_ASSIGN_OR_RETURN(std::string name, DecodeText(pair.substr(0, equals), true));
    const std::string_view raw = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    PBFS_ASSIGN_OR_RETURN(std::string value, DecodeText(raw, true));
    query.Add(std::move(name), std::move(value));
  }
  return query;
}

Result<Target> ParseTarget(const HttpRequest& request, const std::vector<std::string>& domains) {
  Target target;
  PBFS_ASSIGN_OR_RETURN(target.query, ParseQuery(request.query()));
  std::string_view path = request.path();
  if (path == "*") return target;
  if (!path.starts_with('/')) return Error(Code::kInvalidUri);
  path.remove_prefix(1);
  target.bucket = HostBucket(request.fields.Get("host"), domains);
  if (!IsText(target.bucket)) return Error(Code::kInvalidUri);
  target.in_host = !target.bucket.empty();
  if (target.bucket.empty()) {
    const auto [bucket, key] = SplitPath(path);
    PBFS_ASSIGN_OR_RETURN(target.bucket, DecodeText(bucket, false));
    path = key;
    if (target.bucket.empty() && !key.empty()) return Error(Code::kInvalidUri);
  }
  PBFS_ASSIGN_OR_RETURN(target.key, DecodeText(path, false));
  if (target.key.size() > kMaxKeyBytes) return Error(Code::kKeyTooLong);
  return target;
}

Result<CopySource> ParseCopySource(std::string_view header) {
  const Status malformed = Error(Code::kInvalidArgument, "Copy Source must mention the source bucket and key");
  const size_t mark = header.find('?');
  std::string_view path = header.substr(0, mark);
  if (path.starts_with('/')) path.remove_prefix(1);
  // Encoded as a form is, as S3 takes it: s5cmd writes a plus for a blank. Old clients encode the slash behind the bucket as well.
  const auto whole = DecodeText(path, true);
  if (!whole.ok()) return malformed;
  const auto [bucket, key] = SplitPath(*whole);
  if (bucket.empty() || key.empty()) return malformed;
  if (key.size() > kMaxKeyBytes) return Error(Code::kKeyTooLong);
  CopySource source{std::string(bucket), std::string(key), {}};
  if (mark == std::string_view::npos) return source;
  const auto query = ParseQuery(header.substr(mark + 1));
  if (!query.ok() || !query->Has("versionId")) return malformed;
  source.version_id = query->Get("versionId");
  return source;
}

Status CheckBucketName(std::string_view name) {
  return IsBucketName(name) ? OkStatus() : Error(Code::kInvalidBucketName);
}

std::string UriEncode(std::string_view text, bool encode_slash) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (c == '/' && !encode_slash)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4]);
    encoded.push_back(kDigits[byte & 15]);
  }
  return encoded;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i] == '+' && plus_is_blank ? ' ' : text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return decoded;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace pbfs::s3
