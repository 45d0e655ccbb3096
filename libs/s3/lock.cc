#include "libs/s3/lock.h"

#include <chrono>

#include <fmt/format.h>

#include "libs/s3/dates.h"
#include "libs/s3/errors.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

using Element = XmlReader::Element;

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
constexpr const char* kMode = "x-amz-object-lock-mode";
constexpr const char* kUntil = "x-amz-object-lock-retain-until-date";
constexpr const char* kHold = "x-amz-object-lock-legal-hold";

Status Malformed() { return Error(Code::kMalformedXml); }

std::string_view ModeName(LockMode mode) { return mode == LockMode::kCompliance ? "COMPLIANCE" : "GOVERNANCE"; }

std::optional<LockMode> ModeOf(std::string_view text) {
  if (text == "GOVERNANCE") return LockMode::kGovernance;
  if (text == "COMPLIANCE") return LockMode::kCompliance;
  return std::nullopt;
}

std::string_view HoldName(bool on) { return on ? "ON" : "OFF"; }

std::optional<bool> HoldOf(std::string_view text) {
  if (text == "ON") return true;
  if (text == "OFF") return false;
  return std::nullopt;
}

/// A period in an element that may be missing: 0.
Result<int64_t> PeriodOf(const Element& parent, const char* name, int64_t most) {
  const auto element = parent.Child(name);
  if (!element) return 0;
  const auto value = ParseNumber(element->TrimmedText());
  if (value && *value >= 1 && *value <= most) return *value;
  return Error(Code::kInvalidArgument,
               fmt::format("{} of the default retention must be a number from 1 to {}", name, most));
}

Result<DefaultRetention> ParseDefault(const Element& element) {
  const auto mode = element.Child("Mode");
  const auto known = mode ? ModeOf(mode->TrimmedText()) : std::nullopt;
  if (!known) return Malformed();
  if (element.Child("Days").has_value() == element.Child("Years").has_value()) return Malformed();
  DefaultRetention retention;
  retention.mode = *known;
  PBFS_ASSIGN_OR_RETURN(retention.days, PeriodOf(element, "Days", kMaxRetentionDays));
  PBFS_ASSIGN_OR_RETURN(retention.years, PeriodOf(element, "Years", kMaxRetentionYears));
  return retention;
}

bool Holds(const std::optional<Retention>& retention, int64_t now_ms) {
  return retention.has_value() && now_ms < retention->until_ms;
}

}  // namespace

Result<LockConfiguration> ParseLockConfiguration(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "ObjectLockConfiguration"));
  const auto enabled = xml.root().Child("ObjectLockEnabled");
  if (!enabled || enabled->TrimmedText() != "Enabled") return Malformed();
  LockConfiguration configuration;
  const auto rule = xml.root().Child("Rule");
  if (!rule) return configuration;
  const auto retention = rule->Child("DefaultRetention");
  if (!retention) return Malformed();
  PBFS_ASSIGN_OR_RETURN(configuration.default_retention, ParseDefault(*retention));
  return configuration;
}

std::string LockConfigurationXml(const LockConfiguration& configuration) {
  XmlWriter xml("ObjectLockConfiguration");
  xml.Text("ObjectLockEnabled", "Enabled");
  if (const auto& retention = configuration.default_retention) {
    xml.Open("Rule");
    xml.Open("DefaultRetention");
    xml.Text("Mode", ModeName(retention->mode));
    if (retention->days > 0) xml.Number("Days", retention->days);
    if (retention->years > 0) xml.Number("Years", retention->years);
    xml.Close();
    xml.Close();
  }
  return std::move(xml).Finish();
}

Result<std::optional<Retention>> ParseRetention(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "Retention"));
  const auto mode = xml.root().Child("Mode");
  const auto until = xml.root().Child("RetainUntilDate");
  if (!mode && !until) return std::optional<Retention>();
  if (!mode || !until) return Malformed();
  const auto known = ModeOf(mode->TrimmedText());
  const auto until_ms = ParseIsoDate(until->TrimmedText());
  if (!known || !until_ms) return Malformed();
  return std::optional<Retention>({*known, *until_ms});
}

std::string RetentionXml(const Retention& retention) {
  XmlWriter xml("Retention");
  xml.Text("Mode", ModeName(retention.mode));
  xml.Text("RetainUntilDate", IsoDate(retention.until_ms));
  return std::move(xml).Finish();
}

Result<bool> ParseLegalHold(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "LegalHold"));
  const auto status = xml.root().Child("Status");
  const auto on = status ? HoldOf(status->TrimmedText()) : std::nullopt;
  return on ? Result<bool>(*on) : Malformed();
}

std::string LegalHoldXml(bool on) {
  XmlWriter xml("LegalHold");
  xml.Text("Status", HoldName(on));
  return std::move(xml).Finish();
}

Result<VersionLock> ReadLockFields(const HttpFields& fields, int64_t now_ms) {
  VersionLock lock;
  if (const auto hold = fields.Find(kHold)) {
    lock.legal_hold = HoldOf(*hold);
    if (!lock.legal_hold) return Error(Code::kInvalidArgument, "Legal hold must be ON or OFF");
  }
  const auto mode = fields.Find(kMode), until = fields.Find(kUntil);
  if (!mode && !until) return lock;
  if (!mode || !until)
    return Error(Code::kInvalidArgument, fmt::format("{} and {} must be sent together", kMode, kUntil));
  const auto known = ModeOf(*mode);
  if (!known) return Error(Code::kInvalidArgument, fmt::format("{} must be GOVERNANCE or COMPLIANCE", kMode));
  const auto until_ms = ParseIsoDate(*until);
  if (!until_ms) return Error(Code::kInvalidArgument, fmt::format("{} must be a date as ISO 8601 has it", kUntil));
  lock.retention = {*known, *until_ms};
  PBFS_RETURN_IF_ERROR(CheckIsAhead(*lock.retention, now_ms));
  return lock;
}

void AddLockFields(const VersionLock& lock, HttpFields& fields) {
  if (lock.retention) {
    fields.Set(kMode, std::string(ModeName(lock.retention->mode)));
    fields.Set(kUntil, IsoDate(lock.retention->until_ms));
  }
  if (lock.legal_hold) fields.Set(kHold, std::string(HoldName(*lock.legal_hold)));
}

bool AsksToBypass(const HttpFields& fields) {
  return EqualsIgnoreCase(fields.Get("x-amz-bypass-governance-retention"), "true");
}

Retention RetentionAt(const DefaultRetention& retention, int64_t now_ms) {
  namespace chrono = std::chrono;
  if (retention.days > 0) return {retention.mode, now_ms + retention.days * kDayMs};
  const chrono::sys_time<chrono::milliseconds> now{chrono::milliseconds(now_ms)};
  const auto today = chrono::floor<chrono::days>(now);
  const chrono::year_month_day date = chrono::year_month_day(today) + chrono::years(retention.years);
  // Of a 29 February that is none, this is the day after the 28.
  const chrono::sys_days end(date);
  return {retention.mode, chrono::milliseconds((end + (now - today)).time_since_epoch()).count()};
}

Status CheckIsAhead(const Retention& retention, int64_t now_ms) {
  if (Holds(retention, now_ms)) return OkStatus();
  return Error(Code::kInvalidArgument, "The retain until date must be in the future");
}

Status CheckDelete(const VersionLock& lock, int64_t now_ms, bool bypass) {
  if (lock.legal_hold.value_or(false)) return Error(Code::kAccessDenied, "The version is under a legal hold");
  if (!Holds(lock.retention, now_ms)) return OkStatus();
  if (lock.retention->mode == LockMode::kGovernance && bypass) return OkStatus();
  return Error(Code::kAccessDenied, "The version is retained until " + IsoDate(lock.retention->until_ms));
}

Status CheckRetentionChange(const std::optional<Retention>& before, const std::optional<Retention>& after,
                            int64_t now_ms, bool bypass) {
  if (!Holds(before, now_ms)) return OkStatus();
  const bool stays = after && after->mode == before->mode && after->until_ms >= before->until_ms;
  if (stays || (before->mode == LockMode::kGovernance && bypass)) return OkStatus();
  return Error(Code::kAccessDenied, "The version is retained until " + IsoDate(before->until_ms));
}

}  // namespace pbfs::s3
