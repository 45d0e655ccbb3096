#include "libs/s3/strict_json.h"

#include <set>
#include <string>
#include <vector>

namespace pbfs::s3 {
namespace {

constexpr int kMaxDepth = 16;

using Event = nlohmann::json::parse_event_t;

/// Follows the parser through the document.
class Watch {
 public:
  bool ok() const { return ok_; }
  /// False drops the value: nothing of a document that is not ok is kept.
  bool Follow(int depth, Event event, const nlohmann::json& parsed) {
    if (depth > kMaxDepth) ok_ = false;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.empty() && !keys_.back().insert(parsed.get<std::string>()).second) ok_ = false;
    return ok_;
  }

 private:
  bool ok_ = true;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open, innermost last
};

}  // namespace

Result<nlohmann::json> ParseStrictJson(std::string_view text) {
  Watch watch;
  const auto event = [&](int depth, Event kind, nlohmann::json& parsed) { return watch.Follow(depth, kind, parsed); };
  nlohmann::json json = nlohmann::json::parse(text, event, /*allow_exceptions=*/false);
  if (!watch.ok()) return InvalidArgumentError("The JSON is nested too deep, or names a key twice");
  if (json.is_discarded()) return InvalidArgumentError("This is no valid JSON");
  return json;
}

}  // namespace pbfs::s3
