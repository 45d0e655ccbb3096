#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/catalog/timelines.h"

/// What Patroni (3.0 and later) keeps about a PostgreSQL, wherever it keeps it, and what follows from it. Pure. Threads: any.
///
/// In synchronous mode Patroni promotes only a member that its record `sync` names, as the primary of before or as one of its
/// synchronous standbys: that is where every acknowledged commit is. It writes the record, compared with the version that it knows, before it
/// promotes. So the versions of the record since a moment when all was well say whether each primary since then took over from one
/// whose standby it was. What Patroni does otherwise when it is told to (a failover to an asynchronous member, synchronous
/// mode switched off for a while) shows as a primary that was not named.
namespace pbfs {

/// One version of the record `sync`: whom it lets promote.
struct PatroniSync {
  std::string leader;
  std::vector<std::string> standbys;

  /// `standbys`: "a,b".
  static PatroniSync Of(const std::string& leader, const std::string& standbys);
  bool MayTakeOver(const std::string& name) const;
};

/// Its records at one moment, as their texts; empty where one is not there.
struct PatroniRecords {
  std::string initialize;  // the system identifier
  std::string config;      // settings, JSON
  std::string history;     // JSON: [[timeline, where it was left, ...], ...]
  std::string leader;      // the name of a member
  std::string member;      // what the leader says of itself, JSON
  PatroniSync sync;
};

/// OK if Patroni's primary is the one at `at`, in synchronous mode. A member says that it is primary only once it is on the
/// timeline of its own promotion, so a timeline has one such member. Errors: FAILED_PRECONDITION with what is not so.
Status KnowsPrimary(const PatroniRecords& records, const WalPosition& at);

/// Where the primary of the next timeline left this one; -1 if Patroni does not know.
int64_t EndOfTimeline(const PatroniRecords& records, int32_t timeline);

/// OK if the primary at `now` began where nothing that was acknowledged at `then` is missing, as far as the WAL says: it is the same
/// PostgreSQL, `thawed` is the timeline of `then`, and that was left at or behind `then`. Errors: FAILED_PRECONDITION.
Status ContinuesFrom(const PatroniRecords& records, const WalPosition& then, int32_t thawed, const WalPosition& now);

/// What others wrote, read with forbearance: what is no object, or a field that is missing or of another type, is empty or 0.
nlohmann::json ParseObject(const std::string& text);
std::string TextAt(const nlohmann::json& object, const char* key);
int64_t NumberAt(const nlohmann::json& object, const char* key);

/// OK if the primary of `after` was one that `before` lets promote. Errors: FAILED_PRECONDITION.
Status TookOver(const PatroniSync& before, const PatroniSync& after);

}  // namespace pbfs
