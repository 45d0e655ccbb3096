#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// Object Lock: versions that may not be deleted for a time, or while somebody holds them. A lock is of one version and does not
/// keep new versions, or delete markers, from being put over it. Times are unix milliseconds.
namespace pbfs::s3 {

inline constexpr int64_t kMaxRetentionDays = 36'500;
inline constexpr int64_t kMaxRetentionYears = 100;

enum class LockMode {
  kGovernance,  // whoever has the permission, and says that he uses it, may shorten or end it
  kCompliance,  // nobody may
};

/// A version is kept while now < until_ms.
struct Retention {
  LockMode mode = LockMode::kGovernance;
  int64_t until_ms = 0;
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// What is said of one version. Both hold independently of each other.
struct VersionLock {
  std::optional<Retention> retention;
  std::optional<bool> legal_hold;  // none: nobody has ever said
  friend bool operator==(const VersionLock&, const VersionLock&) = default;
};

// ---- documents ----

/// The retention of new versions that come without one.
struct DefaultRetention {
  LockMode mode = LockMode::kGovernance;
  int64_t days = 0;  // one of both is not 0
  int64_t years = 0;
  friend bool operator==(const DefaultRetention&, const DefaultRetention&) = default;
};
/// Of a bucket in which versions can be locked.
struct LockConfiguration {
  std::optional<DefaultRetention> default_retention;
  friend bool operator==(const LockConfiguration&, const LockConfiguration&) = default;
};
/// <ObjectLockConfiguration>. Errors: MalformedXML, also for an ObjectLockEnabled that is not Enabled, an unknown mode, and days and
/// years together; InvalidArgument for a period that is not a number from 1 to the most.
Result<LockConfiguration> ParseLockConfiguration(std::string_view body);
std::string LockConfigurationXml(const LockConfiguration& configuration);

/// <Retention>; none: an empty one, which ends what there is. Errors: MalformedXML.
Result<std::optional<Retention>> ParseRetention(std::string_view body);
std::string RetentionXml(const Retention& retention);

/// <LegalHold>. Errors: MalformedXML.
Result<bool> ParseLegalHold(std::string_view body);
std::string LegalHoldXml(bool on);

// ---- fields of requests and answers ----

/// x-amz-object-lock-mode, -retain-until-date, -legal-hold of a request that makes a version.
/// Errors: InvalidArgument for a value that is none, one of mode and date without the other, and a date that is over.
Result<VersionLock> ReadLockFields(const HttpFields& fields, int64_t now_ms);
void AddLockFields(const VersionLock& lock, HttpFields& fields);
/// Whether a request says x-amz-bypass-governance-retention: true.
bool AsksToBypass(const HttpFields& fields);

// ---- rules ----

/// What a version gets that is made now. Years are those of the calendar; what would end on a 29 February that there is not ends on the
/// 1 March after it.
Retention RetentionAt(const DefaultRetention& retention, int64_t now_ms);

/// Errors: InvalidArgument: it is over already.
Status CheckIsAhead(const Retention& retention, int64_t now_ms);

/// Whether a version may be deleted for good. `bypass`: the request asks for it, and who sends it has the permission.
/// Errors: AccessDenied.
Status CheckDelete(const VersionLock& lock, int64_t now_ms, bool bypass);

/// Whether `before` may become `after`: what is over, or was never there, anything; what holds only the same mode for as long or longer,
/// except governance with `bypass`. Errors: AccessDenied.
Status CheckRetentionChange(const std::optional<Retention>& before, const std::optional<Retention>& after,
                            int64_t now_ms, bool bypass);

}  // namespace pbfs::s3
