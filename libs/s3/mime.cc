#include "libs/s3/mime.h"

#include <algorithm>

#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter); }

/// The value at the front, quoted or a token; none if malformed.
std::optional<std::string> TakeValue(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::string_view token = Trim(text.substr(0, text.find(';')));
    text.remove_prefix(std::min(text.find(';'), text.size()));
    return std::string(token);
  }
  std::string value;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return value;
    }
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
    value.push_back(text[at]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<MediaType> ParseMediaType(std::string_view text) {
  MediaType type;
  const size_t semicolon = std::min(text.find(';'), text.size());
  type.type = LowerCase(Trim(text.substr(0, semicolon)));
  if (type.type.empty()) return std::nullopt;
  text.remove_prefix(semicolon);
  while (!(text = Trim(text)).empty()) {
    if (text.front() != ';') return std::nullopt;
    text = Trim(text.substr(1));
    if (text.empty()) break;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !IsToken(text.substr(0, equals))) return std::nullopt;
    std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    std::optional<std::string> value = TakeValue(text);
    if (!value || type.parameters.Has(name)) return std::nullopt;
    type.parameters.Add(std::move(name), *std::move(value));
  }
  return type;
}

std::optional<std::string> BoundaryOf(const MediaType& type) {
  const std::string boundary(type.parameters.Get("boundary"));
  const auto allowed = [](char c) {
    return IsTokenCharacter(c) || std::string_view("(),/:=? ").find(c) != std::string_view::npos;
  };
  if (boundary.empty() || boundary.size() > 70 || !std::all_of(boundary.begin(), boundary.end(), allowed)) {
    return std::nullopt;
  }
  return boundary;
}

std::optional<HttpFields::Field> ParseFieldLine(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return std::nullopt;
  return HttpFields::Field(line.substr(0, colon), Trim(line.substr(colon + 1)));
}

Result<bool> LineReader::Take(std::string_view in, size_t& at) {
  const std::string_view rest = in.substr(at);
  const size_t newline = rest.find('\n');
  const std::string_view taken = rest.substr(0, newline);
  if (line_.size() + taken.size() > max_bytes_) return InvalidArgumentError("a line is too long");
  line_ += taken;
  at += taken.size();
  if (newline == std::string_view::npos) return false;
  ++at;
  crlf_ = line_.ends_with('\r');
  if (crlf_) line_.pop_back();
  return true;
}

}  // namespace pbfs::s3
