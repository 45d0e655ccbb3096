#pragma once

#include "libs/base/mutants_config.h"

/// Mutants: each weakens one rule by one line of product code, so that the simulation (tests/simulation) can show that it would
/// notice. A build with PBFS_MUTANTS (presets for tests only, never `release`) can switch one on, through ActivateMutant() and
/// nothing else; in every other build IsMutant() is a constant, and nothing of them is left in the program.
///
///   const bool inside = extent.hi <= hi || IsMutant(Mutant::kPruneOverlapped);
///
/// What is not here, because another rule catches it alone (defence in depth), says docs/design/simulation.md.
namespace pbfs {

// clang-format off
#define PBFS_FOR_EACH_MUTANT(X) \
  /* order and extents */ \
  X(kSkylineByPosition, "of two extents over a byte the first listed is visible, not the greater (I1)") \
  X(kPruneOverlapped, "a write takes away extents that it covers in part only (I7)") \
  X(kZeroDoesNotExtend, "zeros behind the end do not extend the object (I8)") \
  X(kSizeIgnoresTrunc, "the size is the end of the data, whatever a TRUNC said (I8)") \
  X(kTruncKeepsNoExtent, "a TRUNC keeps no extent, so what it cut comes back when the object grows (I8)") \
  X(kPruneDropsHistory, "what a write covers is not kept for the bucket's history (I26)") \
  X(kRehomeDropsHistory, "sources of a rehome are not kept for the bucket's history (I26)") \
  /* commit */ \
  X(kStaleOrderAccepted, "an order below the newest of its region is accepted (I2)") \
  X(kReplayNotRecognised, "an op that was done is done again when its request comes again (I15)") \
  X(kConditionNotChecked, "if_opset is not looked at") \
  X(kNameConditionNotChecked, "if_name is not looked at") \
  X(kNameOrderNotChecked, "a name takes a binding that is older than the one it has (I2)") \
  X(kSealedTakesWrites, "a sealed object takes writes (I27)") \
  X(kUnnamedTakesWrites, "an object that lost its last name takes writes (I24)") \
  X(kPurgedBodyNamed, "a clone may name a body that is being purged (I18)") \
  X(kRefusedPartStays, "of a refused Commit the ops before the refused one stay (I16)") \
  X(kNoTimeFence, "an encoding is taken however old it is, and though it was swept (I20)") \
  X(kMissingNotMarked, "a Commit does not mark shards without a receipt as missing (I17)") \
  X(kWrongPlaceCounts, "a receipt of a store at another place counts as if the shard stood at its own (I17)") \
  X(kGoneStoreCounts, "a receipt of a store that was removed meanwhile counts (I17)") \
  X(kQuorumOfK, "k receipts make a body durable, not k + ceil(m / 2) (I17)") \
  /* rehome */ \
  X(kRunAtNewestOrder, "the runs of a rehome take the newest order of the region (I9)") \
  X(kRehomeRaisesAboveFrontier, "a rehome raises its runs beyond what its list has shown (I10)") \
  /* clients */ \
  X(kRecordMacUnchecked, "a record is believed without its MAC (I28)") \
  X(kExtentUnstated, "an extent is believed that its record does not state (I28)") \
  X(kBodyRowUnchecked, "a body's row is believed though its record names another header (I28)") \
  X(kSegmentUnverified, "a segment is used though its tag is wrong (I28)") \
  X(kStaleListAccepted, "a list is believed that lacks what was acknowledged or shown before (I29)") \
  X(kStaleNameAccepted, "a binding older than one acknowledged to the client is believed (I29)") \
  X(kReaderListsOnce, "a reader whose fragments are gone does not list again (I19)") \
  X(kDoubtNotTold, "a commit of unknown outcome is reported as one that did not happen") \
  X(kLateCopyForgotten, "a refusal settles a commit of which an earlier copy may arrive yet") \
  X(kStaleTakenForDone, "ORDER_STALE is taken for done") \
  X(kCloneForgetsSize, "a clone ends with its source's last data, not with its size (I8)") \
  /* garbage */ \
  X(kPurgeIgnoresExtents, "a body that lost a row is purged though another row names it (I18)") \
  X(kPurgeIgnoresHistory, "a body is purged though the past of an object names it (I18)") \
  X(kNoGrace, "a body is purged at once, not after the grace (I19)") \
  X(kGraceOfTheFirstRow, "the grace of a body is counted from when it lost its first row, not its last (I19)") \
  X(kReapIgnoresReferences, "a sealed object is reaped though a clone references it (I18)") \
  X(kReapsNamed, "an object is reaped though it has a name (I24)") \
  X(kOpenObjectReapedEarly, "an object without a name yet is reaped before its day is over (I24)") \
  X(kHistoryFloorTooHigh, "the floor of history is the present, not the present less the window (I26)") \
  X(kHistoryExpiresAboveFloor, "the past is forgotten above the floor of history (I26)") \
  X(kSweepIgnoresBodies, "an old encoding is swept though a body has it (I21)") \
  X(kOrphansStay, "fragments that no Commit ever named are not marked as orphans (I21)") \
  X(kRemovedBodyForgotten, "a body that lost a row is not looked at again, and stays for ever") \
  X(kDroppedRowsForgotten, "the bodies of a reaped object are not looked at again, and stay for ever") \
  X(kUnboundObjectCounted, "an object keeps counting a name that it lost, and stays for ever (I24)") \
  /* stores and repair */ \
  X(kStoreTakesBadBlocks, "a store takes blocks whose checksum is wrong, and gives its receipt") \
  X(kRotNotReported, "a store that reads a rotten fragment does not list it as bad") \
  X(kRotStays, "a put of a fragment that is known to be bad leaves it as it is") \
  X(kSilenceIsPresence, "a store that did not answer a check counts as having everything") \
  X(kClearsWithoutWriting, "the mark of a missing shard is cleared though its put failed") \
  X(kCheckOfOldVersionCounts, "a check of an older version of a placement group counts for the newest") \
  X(kActiveWhileMissing, "members become ACTIVE, and older places are forgotten, while shards are missing") \
  X(kHealthyWithMargin, "bodies with missing shards are not counted while they may lose more") \
  X(kRepairUnchecked, "repair without leaves holds no body against one shard more") \
  X(kLeavesUnchecked, "repair does not hold segments against their leaves") \
  /* placement and membership */ \
  X(kDomainsIgnored, "more than m shards of an encoding may stand in one failure domain") \
  X(kPreviousForgotten, "where shards stood before a group changed is forgotten at once") \
  X(kRemovedBeforeEmpty, "a store may be removed while groups still count on it for shards that move")
// clang-format on

enum class Mutant : int {
  kNone,
#define PBFS_MUTANT_NAME(name, weakened) name,
  PBFS_FOR_EACH_MUTANT(PBFS_MUTANT_NAME)
#undef PBFS_MUTANT_NAME
};

#if PBFS_MUTANTS
/// Whether this rule is the weakened one. One thread switches, before others run.
bool IsMutant(Mutant mutant);
void ActivateMutant(Mutant mutant);
#else
constexpr bool IsMutant(Mutant) { return false; }
#endif

}  // namespace pbfs
