#include "libs/adapters/kube/watch_parser.h"

#include <optional>

namespace pbfs::kube {
namespace {

std::optional<WatchEvent::Type> TypeOf(const std::string& name) {
  if (name == "ADDED") return WatchEvent::Type::kAdded;
  if (name == "MODIFIED") return WatchEvent::Type::kModified;
  if (name == "DELETED") return WatchEvent::Type::kDeleted;
  if (name == "BOOKMARK") return WatchEvent::Type::kBookmark;
  return {};
}

/// An error comes as a line of a watch that was answered with 200.
Status ErrorOf(const Json& object) {
  const std::string message = "the watch ended: " + Text(object, "message", "no reason given");
  return Number(object, "code") == 410 ? OutOfRangeError(message) : UnavailableError(message);
}

}  // namespace

Result<WatchEvent> WatchParser::ParseLine(std::string_view line) {
  auto parsed = ParseJson(line);
  if (!parsed.ok()) return UnavailableError("a line of the watch is " + parsed.status().message());
  const std::string name = Text(*parsed, "type");
  if (name == "ERROR") return ErrorOf(Member(*parsed, "object"));
  const auto type = TypeOf(name);
  if (!type.has_value()) return UnavailableError("a line of the watch has no known type");
  WatchEvent event{*type, Member(*parsed, "object"), {}};
  event.version = Text(Member(event.object, "metadata"), "resourceVersion");
  if (event.version.empty()) return UnavailableError("a line of the watch has no version");
  return event;
}

bool WatchParser::TakeLine(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, end);
  if (line_.size() + piece.size() > max_line_) {
    status_ = UnavailableError("a line of the watch is too long");
    return false;
  }
  line_ += piece;
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return end != std::string_view::npos;
}

}  // namespace pbfs::kube
