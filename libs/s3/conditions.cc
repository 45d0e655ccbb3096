#include "libs/s3/conditions.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "libs/s3/dates.h"
#include "libs/s3/errors.h"

namespace pbfs::s3 {
namespace {

struct Tag {
  std::string_view text;  // without quotes
  bool weak = false;
};

std::string_view TrimList(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t,");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

/// The next entity tag of a list; quotes may hold commas.
Tag TakeTag(std::string_view& list) {
  Tag tag;
  tag.weak = list.starts_with("W/");
  if (tag.weak) list.remove_prefix(2);
  const bool quoted = list.starts_with('"');
  if (quoted) list.remove_prefix(1);
  const size_t end = std::min(list.size(), quoted ? list.find('"') : list.find_first_of(" \t,"));
  tag.text = list.substr(0, end);
  list.remove_prefix(std::min(list.size(), end + 1));
  return tag;
}

enum class Compare { kStrong, kWeak };

/// A field of tags; none if the request has none of this name.
class TagCondition {
 public:
  TagCondition(const HttpFields& fields, std::string_view name) {
    for (const auto& [field, value] : fields) {
      if (EqualsIgnoreCase(field, name)) values_.push_back(value);
    }
  }
  bool given() const { return !values_.empty(); }
  bool IsStar() const { return values_.size() == 1 && TrimList(values_.front()).starts_with('*'); }
  bool Matches(const Existing& existing, Compare compare) const {
    if (!existing.exists) return false;
    return IsStar() || std::any_of(values_.begin(), values_.end(),
                                   [&](std::string_view value) { return ListMatches(value, existing.etag, compare); });
  }

 private:
  static bool ListMatches(std::string_view list, std::string_view etag, Compare compare) {
    for (list = TrimList(list); !list.empty(); list = TrimList(list)) {
      const Tag tag = TakeTag(list);
      if (tag.text == etag && (compare == Compare::kWeak || !tag.weak)) return true;
    }
    return false;
  }
  std::vector<std::string_view> values_;
};

/// Seconds, as HTTP has them; none if there is no field, or no date in it.
std::optional<int64_t> DateCondition(const HttpFields& fields, const std::string& name) {
  const auto text = fields.Find(name);
  if (!text) return std::nullopt;
  const auto time_ms = ParseHttpDate(*text);
  return time_ms ? std::optional<int64_t>(*time_ms / 1000) : std::nullopt;
}

int64_t ModifiedSeconds(const Existing& existing) { return existing.last_modified_ms / 1000; }

/// If-Match, or without it If-Unmodified-Since, holds.
bool HoldsFirst(const HttpFields& fields, const std::string& prefix, const Existing& existing) {
  const TagCondition if_match(fields, prefix + "if-match");
  if (if_match.given()) return if_match.Matches(existing, Compare::kStrong);
  const auto unmodified_since = DateCondition(fields, prefix + "if-unmodified-since");
  return !unmodified_since || ModifiedSeconds(existing) <= *unmodified_since;
}

/// If-None-Match, or without it If-Modified-Since, holds.
bool HoldsSecond(const HttpFields& fields, const std::string& prefix, const Existing& existing) {
  const TagCondition if_none_match(fields, prefix + "if-none-match");
  if (if_none_match.given()) return !if_none_match.Matches(existing, Compare::kWeak);
  const auto modified_since = DateCondition(fields, prefix + "if-modified-since");
  return !modified_since || ModifiedSeconds(existing) > *modified_since;
}

Status Failed(std::string condition) {
  return Error(Code::kPreconditionFailed).WithDetail("Condition", std::move(condition));
}

Status CheckIfMatch(const HttpFields& fields, const Existing& existing) {
  const TagCondition if_match(fields, "if-match");
  if (!if_match.given()) return OkStatus();
  if (!existing.exists) return Error(Code::kNoSuchKey);
  return if_match.Matches(existing, Compare::kStrong) ? OkStatus() : Failed("If-Match");
}

}  // namespace

Verdict CheckRead(const HttpFields& fields, const Existing& existing) {
  if (!HoldsFirst(fields, "", existing)) return Verdict::kPreconditionFailed;
  return HoldsSecond(fields, "", existing) ? Verdict::kProceed : Verdict::kNotModified;
}

Status CheckCopySource(const HttpFields& fields, const Existing& existing) {
  const std::string prefix = "x-amz-copy-source-";
  if (!HoldsFirst(fields, prefix, existing)) return Failed("x-amz-copy-source-if-match");
  return HoldsSecond(fields, prefix, existing) ? OkStatus() : Failed("x-amz-copy-source-if-none-match");
}

Status CheckWrite(const HttpFields& fields, const Existing& existing) {
  const TagCondition if_none_match(fields, "if-none-match");
  if (if_none_match.given() && !if_none_match.IsStar()) {
    return Error(Code::kNotImplemented, "A header you provided implies functionality that is not implemented")
        .WithDetail("Header", "If-None-Match");
  }
  if (if_none_match.given() && existing.exists) return Failed("If-None-Match");
  return CheckIfMatch(fields, existing);
}

Status CheckPatch(const HttpFields& fields, const Existing& existing) {
  // Without an object there is nothing that could match or be unmodified; the patch itself answers NoSuchKey, unless
  // `If-None-Match: *` makes it a creation.
  if (TagCondition(fields, "if-none-match").Matches(existing, Compare::kWeak)) return Failed("If-None-Match");
  if (!HoldsFirst(fields, "", existing)) return Failed("If-Match");
  return OkStatus();
}

Status CheckDelete(const HttpFields& fields, const Existing& existing) { return CheckIfMatch(fields, existing); }

bool HasWriteConditions(const HttpFields& fields) {
  return fields.Has("if-match") || fields.Has("if-none-match") || fields.Has("if-unmodified-since");
}

std::string_view WithoutQuotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) return etag.substr(1, etag.size() - 2);
  return etag;
}

std::string Quoted(std::string_view etag) { return '"' + std::string(etag) + '"'; }

}  // namespace pbfs::s3
