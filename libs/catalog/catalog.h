#pragma once

#include <functional>
#include <span>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/catalog/types.h"

/// The catalog's ports. One catalog is all of them over one state; each has a contract suite (*_contract.h) that the
/// in-memory twin (memory_catalog.h), the PostgreSQL adapter and the gRPC client pass.
/// Threads: any method from any thread. Blocking, bounded by context.deadline. Errors common to all: UNAVAILABLE (no
/// database, or the outcome is unknown), DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (too many callers: detail retry-after-ms),
/// PERMISSION_DENIED and UNAUTHENTICATED over the wire.
namespace pbfs {

/// What became of one Commit of several.
struct CommitOutcome {
  size_t index = 0;  // of the request
  Result<CommitReply> reply;
};
using CommitsDone = std::function<void(std::span<const CommitOutcome> outcomes)>;

class Commits {
 public:
  virtual ~Commits() = default;
  /// Decides one Commit in one transaction; durable on the synchronous standbys when it returns kOk or kReplay. Refusals are
  /// codes of the reply, not errors. Sending the same request again is harmless: it gives kReplay. After UNAVAILABLE or
  /// DEADLINE_EXCEEDED the outcome is unknown: send the same request again, never one with new ids.
  /// Errors: INVALID_ARGUMENT a record that does not decode, too many ops, a receipt that does not verify, too few receipts;
  /// NOT_FOUND unknown bucket.
  virtual Result<CommitReply> Commit(const Context& context, const CommitRequest& request) = 0;

  /// Several Commits that have nothing to do with each other, each decided and answered as by Commit. `done` is told each
  /// outcome once, as soon as it is known, with others that are known by then; from this thread, and all of them before this
  /// returns. Cheap where they share a transaction or a message; here it is one after another.
  virtual void CommitEach(const Context& context, std::span<const CommitRequest> requests, const CommitsDone& done) {
    for (size_t i = 0; i < requests.size(); ++i) {
      const CommitOutcome outcome{i, Commit(context, requests[i])};
      done({&outcome, 1});
    }
  }
};

class Lists {
 public:
  virtual ~Lists() = default;
  /// The extents of a range, from one snapshot that has seen min_hlc.
  /// Errors: NOT_FOUND unknown bucket or object (or reaped); INVALID_ARGUMENT range; OUT_OF_RANGE with detail pbfs-code
  /// HISTORY_EXPIRED if as_of lies before the bucket's history.
  virtual Result<ListReply> List(const Context& context, const ListRequest& request) = 0;
  /// Errors: NOT_FOUND.
  virtual Result<ObjectInfo> Stat(const Context& context, const StatRequest& request) = 0;
  /// The ops of an object, newest first.
  virtual Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) = 0;
};

class Names {
 public:
  virtual ~Names() = default;
  /// The value of a name, or a version of it. Errors: NOT_FOUND if it was never bound or is unbound, or has no such version;
  /// OUT_OF_RANGE HISTORY_EXPIRED.
  virtual Result<NameEntry> Resolve(const Context& context, const NameQuery& query) = 0;
  /// Bound names in byte order, from one snapshot. A common prefix costs one search of an index, whatever it stands for.
  /// Errors: NOT_FOUND unknown bucket; INVALID_ARGUMENT limit, or texts that no name can contain; OUT_OF_RANGE HISTORY_EXPIRED.
  virtual Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) = 0;
  /// Versions of names from one snapshot, delete markers among them. A common prefix costs one search of an index, as in ListNames.
  /// Errors: NOT_FOUND unknown bucket; INVALID_ARGUMENT as of ListNames.
  virtual Result<ListVersionsReply> ListVersions(const Context& context, const ListVersionsRequest& request) = 0;
  /// Every remembered value of a name, newest first, the current one included.
  virtual Result<std::vector<NameEntry>> NameHistory(const Context& context, const NameHistoryRequest& request) = 0;
};

/// Uploads in parts, until they are completed by a Commit, aborted, or past their time (kUploadMs). An object that is a part is not
/// reaped; one that is none any more goes like every object without a name. Each change is durable on return, and every answer is
/// the newest state's. Further errors: NOT_FOUND unknown bucket.
class Uploads {
 public:
  virtual ~Uploads() = default;
  /// A repeat is harmless. Errors: ALREADY_EXISTS another upload has the id; INVALID_ARGUMENT name, metadata.
  virtual Status CreateUpload(const Context& context, const UploadInfo& upload) = 0;
  /// Errors: NOT_FOUND.
  virtual Result<UploadInfo> FindUpload(const Context& context, BucketId bucket, UploadId upload) = 0;
  /// Sets a part, in place of the one of its number. Of two that set one the later to arrive counts: a repeat is harmless otherwise.
  /// Errors: NOT_FOUND the upload; FAILED_PRECONDITION the object is not sealed, was bound, is gone or of another bucket;
  /// INVALID_ARGUMENT number, size, metadata.
  virtual Status SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) = 0;
  /// Errors: NOT_FOUND the upload; INVALID_ARGUMENT limit.
  virtual Result<PartsPage> ListParts(const Context& context, const ListPartsRequest& request) = 0;
  /// Errors: INVALID_ARGUMENT limit, or texts that no name can contain.
  virtual Result<UploadsPage> ListUploads(const Context& context, const ListUploadsRequest& request) = 0;
  /// Forgets the upload and its parts. Errors: NOT_FOUND.
  virtual Status AbortUpload(const Context& context, BucketId bucket, UploadId upload) = 0;
};

class Buckets {
 public:
  virtual ~Buckets() = default;
  /// Errors: ALREADY_EXISTS the name or id, unless everything is equal (so a repeat is harmless); INVALID_ARGUMENT settings.
  virtual Status CreateBucket(const Context& context, const BucketInfo& bucket) = 0;
  /// From a state in which its keyring has at least this version, if there is one: 0 takes what a standby has, which may be a
  /// little behind. Errors: NOT_FOUND.
  virtual Result<BucketInfo> FindBucket(const Context& context, const std::string& name, int64_t min_keyring) = 0;
  virtual Result<std::vector<BucketInfo>> ListBuckets(const Context& context) = 0;
  /// Replaces the keyring if its version is still `expected_version`. Errors: ABORTED otherwise, NOT_FOUND.
  virtual Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                            const Buffer& keyring) = 0;
  /// Live bodies whose keys are wrapped under older epochs, in the order of key epoch and id: fewer than the limit are all that there
  /// are. Of an unknown bucket there are none. Errors: INVALID_ARGUMENT.
  virtual Result<std::vector<WrappedBody>> ListWrapped(const Context& context, const WrappedQuery& query) = 0;
  /// Wraps keys of bodies anew: nothing else of a body changes, and readers that listed it before can go on with the old wrap. Those
  /// that are wrapped otherwise by now or under no older epoch, and those that are gone, being purged or of another bucket are passed
  /// over: so a repeat is harmless. Returns how many were changed; durable on return. Errors: INVALID_ARGUMENT.
  virtual Result<int64_t> Rewrap(const Context& context, const RewrapRequest& request) = 0;
  /// Changes how bodies are coded from now on, if that is still `expected`. Those that are there are encoded anew by and by
  /// (Recodes); clients that opened the bucket before go on writing as it was, until they open it again. A repeat is harmless.
  /// Errors: ABORTED it is neither as expected nor as wanted; NOT_FOUND; INVALID_ARGUMENT; FAILED_PRECONDITION of CheckRoom
  /// (place_groups.h): there are fewer stores or failure domains than it takes.
  virtual Status SetScheme(const Context& context, BucketId bucket, const BucketScheme& expected,
                           const BucketScheme& scheme) = 0;
  /// Enables or suspends versions. From then on every Commit with names is decided by it: those that claim another versioning, or whose
  /// catalog remembers another, are refused with kVersioning. A repeat is harmless. Errors: NOT_FOUND; INVALID_ARGUMENT to turn it off.
  virtual Status SetVersioning(const Context& context, BucketId bucket, Versioning versioning) = 0;
  /// Its uploads go with it. Errors: NOT_FOUND; FAILED_PRECONDITION while it has bound names, or versions of names.
  virtual Status DeleteBucket(const Context& context, BucketId bucket) = 0;
};

class Groups {
 public:
  virtual ~Groups() = default;
  /// Blocks until the map's version exceeds `newer_than` or the deadline comes (then DEADLINE_EXCEEDED); newer_than = -1
  /// answers at once.
  virtual Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) = 0;
  /// Inserts or changes a store, and recomputes the placement groups by rendezvous where the set of eligible stores or a
  /// weight or domain changed (PlaceAnew). Idempotent. Errors: INVALID_ARGUMENT; FAILED_PRECONDITION of CheckMembership.
  virtual Status PutStore(const Context& context, const StoreInfo& store) = 0;
};

/// Numbers for stores that are to join. Only services have this port: a store asks one of those (enrolments.h).
class StoreNumbers {
 public:
  virtual ~StoreNumbers() = default;
  /// A number above all that this gave before, and one that no store has or had, whoever put it there. Durable on return; who
  /// loses the answer asks again, and a number is lost. What PutStore is told later is not its business: numbers that people give by hand
  /// go below those that are given here, or are put there first.
  virtual Result<StoreId> NewStoreId(const Context& context) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;
  /// Entries after `after`, in order, below the horizon of running transactions (I23); whole (xid, part) units.
  virtual Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after,
                                                        int32_t limit) = 0;
  /// Raises the site's floor to now - 60 s and journals it (I13); durable on return. Returns the floor.
  virtual Result<Hlc> AdvanceFloor(const Context& context) = 0;
};

/// What frees what nobody needs any more (format, section 10): steps that a collector takes, over and over. Each call is one
/// transaction on the primary, durable on return; nothing in memory connects two of them, so that collectors may crash between
/// any two, take over from each other, or run side by side.
/// Further errors: FAILED_PRECONDITION while the site is frozen after a failover (I25).
class Garbage {
 public:
  virtual ~Garbage() = default;

  /// Raises the floor of each bucket's history to now - history_ms. What lies below goes with HistoryExpire (I26).
  virtual Status HistoryAdvance(const Context& context) = 0;
  /// Forgets past extents at or below their bucket's floor, at most `limit` of each bucket. Returns how many.
  virtual Result<int64_t> HistoryExpire(const Context& context, int32_t limit) = 0;
  /// Forgets past values of names: those at or below their bucket's floor, and those that were dropped, once neither history nor a
  /// peer needs them; at most `limit` of each bucket. Versions stay. Returns how many.
  virtual Result<int64_t> NamesExpire(const Context& context, int32_t limit) = 0;

  /// Reaps objects that nobody can name any more: open ones past their time, and those that lost their last name at or below the
  /// frontier and the floor of their bucket's history, unless a reference names them (I18, I24). Looks at `limit` of each kind at
  /// most. Returns how many went; those that are held stay, and may be looked at again a day later only. Forgets uploads that are past
  /// their time, `limit` of them at most.
  virtual Result<int64_t> Reap(const Context& context, int32_t limit) = 0;
  /// Removes at most `limit` extents, present and past each, of one reaped object, and after the last its other rows. Returns how
  /// many extents went; none if no reaped object has rows left.
  virtual Result<std::optional<int64_t>> DropRows(const Context& context, int32_t limit) = 0;

  /// Looks at bodies that lost a row more than `grace` ago (after a rehome: 23.5 hours more), at most `limit`, and begins to purge
  /// those that no row names: from then on none can (I18). Inline ones go at once. Returns how many it has looked at.
  virtual Result<int64_t> PurgeMark(const Context& context, Duration grace, int32_t limit) = 0;
  /// Bodies that are being purged, whoever began it; at most `limit`.
  virtual Result<std::vector<PurgingBody>> ListPurging(const Context& context, int32_t limit) = 0;
  /// Their fragments are deleted, or on stores that will report them as orphans: forgets them. Others are passed over.
  virtual Status PurgeDone(const Context& context, std::span<const BodyId> bodies) = 0;

  /// Orphans: encodings that stores report and no body has. Marks those that are too old for a Commit (I20, I21). Returns those of
  /// them that were confirmed earlier: their fragments may be deleted at once.
  virtual Result<std::vector<EncodingId>> SweepMark(const Context& context, std::span<const EncodingId> reported) = 0;
  /// Says from when on no Commit can have missed the marks.
  virtual Status SweepArm(const Context& context) = 0;
  /// Confirms marks, at most `limit`, once every transaction that may have missed them has ended. Returns the encodings whose
  /// fragments may be deleted.
  virtual Result<std::vector<EncodingId>> SweepConfirm(const Context& context, int32_t limit) = 0;

  /// Looks at objects that hold zeros, in the order of their ids from `after` on, at most `limit`, and drops those zeros that
  /// nobody needs (I14): at or below the object's last truncation and the frontier, with nothing under or over them. Only where all
  /// bytes that are left are younger: a rehome of older ones would be refused from then on.
  virtual Result<ZerosPage> DropZeros(const Context& context, ObjectId after, int32_t limit) = 0;
  /// Forgets confirmed tombstones of encodings that are older than 30 days, at most `limit`. Returns how many. A fragment of one that
  /// is reported later is marked anew.
  virtual Result<int64_t> SweepForget(const Context& context, int32_t limit) = 0;
  /// Forgets days of the journal that ended more than a day ago and that every peer has read, and makes room for days to come.
  /// Returns how many went. What else the catalog keeps by the day, for itself, goes too.
  virtual Result<int64_t> DaysExpire(const Context& context) = 0;

  /// What this collector did; kept until its next pass of that kind.
  virtual Status ReportPass(const Context& context, const CollectorPass& pass) = 0;
  /// Asks for a pass of every kind, now. Whoever collects takes that up by TakeRequest, within some seconds.
  virtual Status AskForPass(const Context& context) = 0;
  /// Whether somebody asked since the last call. A collector that dies after it forgets that.
  virtual Result<bool> TakeRequest(const Context& context) = 0;
  /// Reads every body that waits: not for every minute.
  virtual Result<GarbageState> GetGarbage(const Context& context) = 0;
};

/// What keeps every shard in its place: steps that a repairer takes (docs/design/repair.md). Each call is one transaction on the
/// primary, durable on return; nothing in memory connects two of them, so that repairers may crash between any two, take over from
/// each other, or run side by side.
///
/// The truth about a body is its `missing` bits: shards that are not known to stand at their place, by the newest version of its
/// group. Commit sets those that had no receipt, MarkMissing what a look found, ClearMissing what was put there. When a group
/// changes, nobody touches bodies: the group has to be checked anew, and is BACKFILL where a place changed until it was.
class Repairs {
 public:
  virtual ~Repairs() = default;

  /// All groups, by number; none before the first placement. From this call on it is known when those that changed are settled.
  virtual Result<std::vector<GroupCheck>> ListGroupChecks(const Context& context) = 0;
  /// The live bodies with an encoding in these groups, in the order of group and encoding id; at most `limit`.
  virtual Result<std::vector<EncodedBody>> ListEncodings(const Context& context, const GroupRange& range,
                                                         int32_t limit) = 0;
  /// The live bodies that have one of these encodings, in no order; at most 10,000 are asked for.
  virtual Result<std::vector<EncodedBody>> FindEncodings(const Context& context,
                                                         std::span<const EncodingId> encodings) = 0;
  /// These shards do not stand where they belong, or are not sound. Those of no live body are passed over.
  virtual Status MarkMissing(const Context& context, std::span<const Shard> shards) = 0;
  /// Live bodies with missing shards, those with the smallest margin first, after `after`; at most `limit`.
  virtual Result<std::vector<EncodedBody>> ListDegraded(const Context& context, DegradedPosition after,
                                                        int32_t limit) = 0;
  /// These shards stand where a version of their group wants them. Those whose group has another version by now are passed over.
  virtual Status ClearMissing(const Context& context, std::span<const PlacedShard> shards) = 0;
  /// All shards of these groups were looked for, after the version was settled, and what was not there is marked. A group is
  /// passed over if it has changed. Its members become ACTIVE, and what was before is forgotten, once no body of it has missing
  /// shards.
  virtual Status GroupsChecked(const Context& context, std::span<const GroupVersion> groups) = 0;
  /// All groups are to be checked anew, as if they had changed.
  virtual Status Recheck(const Context& context) = 0;
  /// The fragments of this encoding contradict each other, and none could be told to be the wrong one: for somebody with keys.
  virtual Status ReportSuspect(const Context& context, EncodingId encoding) = 0;
  /// May be a little behind, where a standby answers.
  virtual Result<Redundancy> GetRedundancy(const Context& context) = 0;
};

/// What gives bodies another encoding after their bucket's scheme was changed (docs/design/repair.md): steps of a repairer, and of
/// a collector for what it leaves. As with Repairs and Garbage, each call is one transaction, durable on return.
class Recodes {
 public:
  virtual ~Recodes() = default;

  /// Buckets whose scheme was ever changed, by name. May be a little behind, where a standby answers.
  virtual Result<std::vector<Recoding>> ListRecodings(const Context& context) = 0;
  /// Looks at the `limit` bodies of a bucket behind `after`, in the order of key epoch and id, and returns the live ones with an encoding
  /// whose k or n is not what SchemeFor (libs/model/scheme.h) gives for the bucket. Of an unknown bucket there are none.
  virtual Result<OtherwisePage> ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                              int32_t limit) = 0;
  /// The body has the new encoding from now on: readers that list it see that one. The old one is retired. Missing is what has no
  /// receipt, or one from another place, as after a Commit. A repeat is harmless.
  /// Errors: NOT_FOUND no such live body with an encoding, or its bucket is gone; ABORTED it has another encoding than the old one;
  /// FAILED_PRECONDITION the new one is too old, swept, or taken (I20): mint another; INVALID_ARGUMENT receipts, as for Commit.
  virtual Status SetEncoding(const Context& context, const EncodingChange& change) = 0;
  /// So much of a bucket is coded otherwise. Passed over if its scheme was changed since. With nothing left, the placement of groups
  /// reckons no longer with what the scheme was before.
  virtual Status NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) = 0;

  /// Encodings that were replaced more than `grace` ago: nobody who listed them reads any more. At most `limit`.
  /// Further errors: FAILED_PRECONDITION while the site is frozen after a failover (I25).
  virtual Result<std::vector<RetiredEncoding>> ListRetired(const Context& context, Duration grace, int32_t limit) = 0;
  /// Their fragments are deleted, or on stores that will report them as orphans: forgets them.
  virtual Status RetiredDone(const Context& context, std::span<const EncodingId> encodings) = 0;
};

/// All ports of one catalog, for those who pass them on together. StoreNumbers, Garbage, Repairs and Recodes are not among them: only services have those.
struct Catalog {
  Commits& commits;
  Lists& lists;
  Names& names;
  Uploads& uploads;
  Buckets& buckets;
  Groups& groups;
  Journal& journal;
};

}  // namespace pbfs
