#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/buffer.h"
#include "libs/base/ids.h"
#include "libs/model/extent.h"
#include "libs/model/order.h"

/// The nouns that cross the catalog's ports. Plain values; byte strings are the exact formats of docs/formats.
namespace pbfs {

/// XOR of the first 16 bytes of SHA-256(op_id) over the content ops of an object: a version of its content that does not
/// depend on the order of arrival (format, section 9.2).
using Opset = std::array<uint8_t, 16>;

/// The answer to a Commit (format, section 8). Everything but kOk and kReplay means that nothing of the Commit happened.
enum class CommitCode : int {
  kOk = 0,
  kReplay = 1,           // done before
  kOrderStale = 2,       // new hlc > max(max_hlc, now), new MAC, commit again; no upload
  kEncodingExpired = 3,  // new encoding id, upload the same ciphertext again
  kObjectGone = 4,
  kDrift = 5,  // clock too far ahead
  kPrecondition = 6,
  kOpIdReused = 7,
  kBrokenPromise = 8,
  kSealed = 9,
  kSourceGone = 10,
  kTooDeep = 11,
  kBadOp = 12,
  kOpTooOld = 13,
  kVersioning = 14,  // the bucket's versioning is another than the Commit says: CommitReply::versioning
};
/// "ORDER_STALE" and so on.
const char* CommitCodeName(CommitCode code);

/// Whether a bucket keeps versions of its names. Once it was enabled it can only be suspended.
enum class Versioning : uint8_t {
  kOff = 0,  // never enabled: a name has one value, its null version
  kEnabled =
      1,  // each BIND and UNBIND makes a version of its own, which stays until it is dropped; bound objects take no more writes
  kSuspended = 2,  // each BIND and UNBIND replaces the null version; the other versions stay
};
/// The null version of a name, where one asks for a version by its order: what a BIND or UNBIND of a bucket that was not enabled made.
inline constexpr Order kNullVersion = {};

/// How a body is kept: inline in its row, or as an encoding (k = 1: replicated).
struct Encoding {
  EncodingId id;
  uint8_t scheme = 0;  // 0 inline, 1 replicated, 2 RS-Cauchy
  uint8_t k = 1;
  uint8_t n = 1;
  friend bool operator==(const Encoding&, const Encoding&) = default;
};

/// A body as the catalog keeps it.
struct BodyRow {
  BodyId id;
  uint32_t key_epoch = 0;
  std::array<uint8_t, 64> header{};
  std::array<uint8_t, 32> ct_root{};  // zeros in crc32c mode
  std::array<uint8_t, 72> wrapped_dek{};
  std::optional<Encoding> encoding;  // none: inline
  uint64_t missing = 0;              // bit j: shard j is not durable
  Buffer inline_ct;                  // the one segment of an inline body
};

/// What a Commit says of a new body beyond its record: where it is, or its ciphertext.
struct BodyUpload {
  BodyId id;
  uint32_t key_epoch = 0;
  std::array<uint8_t, 72> wrapped_dek{};
  std::optional<Encoding> encoding;               // none: inline
  std::vector<std::array<uint8_t, 64>> receipts;  // at least w of the n
  Buffer inline_ct;
};

/// The name must be free (object none) or bound to `object`.
struct NameCondition {
  std::optional<ObjectId> object;
};

/// One or more ops that happen together or not at all (I16).
struct CommitRequest {
  BucketId bucket;
  std::vector<Buffer> records;           // 1..64 canonical op records (format, section 6); a REHOME stands alone
  std::vector<BodyUpload> bodies;        // every body named by the records that does not exist yet
  std::vector<ObjectId> creates;         // objects that this Commit may create if they do not exist
  std::optional<Opset> if_opset;         // the whole content of the first record's object, tested under its lock alone
  std::optional<NameCondition> if_name;  // of the first BIND or UNBIND
  /// The upload is there and has the bucket and the name of the first BIND, else kObjectGone; it goes with this Commit.
  std::optional<UploadId> complete_upload = {};
  /// What the client takes the bucket's versioning to be, where its names are concerned: if it is another, kVersioning. Not said: whatever.
  std::optional<Versioning> versioning = {};
  /// The newest META of the first record's object has this order (zero: there is none), tested like if_opset.
  std::optional<Order> if_meta = {};
};

struct CommitReply {
  CommitCode code = CommitCode::kOk;
  Hlc max_hlc = 0;        // the newest order of what the Commit touched; after kOk its own
  int64_t now_ms = 0;     // the catalog's clock: births and orders are estimated from it
  int32_t removed = 0;    // of a rehome: sources that went,
  int32_t kept = 0;       // and those that stayed because they were not covered
  bool repeated = false;  // said by whoever repeats calls (CatalogPool): an earlier copy of the request may arrive yet
  Versioning versioning = Versioning::kOff;  // with kVersioning: the bucket's
};

/// What a list of names may say of the object of each, as ObjectInfo does.
struct NamedContent {
  int64_t size = 0;
  Opset opset{};
  Hlc newest = 0;  // the greatest order of its content
  friend bool operator==(const NamedContent&, const NamedContent&) = default;
};

/// One value of a name's register.
struct NameEntry {
  std::string name;
  Order order;
  std::optional<ObjectId> object;  // none: unbound, or a delete marker
  Buffer record;                   // the BIND or UNBIND record, with the sealed metadata
  bool current = true;
  Hlc gone_hlc = 0;  // of a past entry
  /// Of a list that was asked for it; none: there is no object, or it is reaped.
  std::optional<NamedContent> content = {};
  /// The bucket's when this value was made: kEnabled: a version of its own, else the null version. ListNames does not say it.
  Versioning versioning = Versioning::kOff;
  /// The record of the newest META op of the object; empty: there is none, or nobody asked (a list without content, as_of, NameHistory).
  Buffer meta = {};
};

struct ListRequest {
  BucketId bucket;
  ObjectId object;
  int64_t lo = 0;
  int64_t hi = 0;               // the range [lo, hi)
  Hlc min_hlc = 0;              // answer only from a state that has this order; the greatest that the client has seen
  std::optional<Hlc> as_of;     // history: the object as of this order
  std::vector<OpId> known_ops;  // records that the client has and need not be sent again
  int32_t max_extents = 65536;
  /// Of the object that this name is bound to, in the same snapshot; `object` is not looked at. Empty: none.
  std::string name = {};
  bool with_opset = false;  // the reply has `opset` and `newest`, of now: not with as_of
  bool newest = false;      // from a state that has every Commit acknowledged before: as in ListNamesRequest
  /// With `name`: of the object of this version of it (as NameQuery has it). Not with as_of.
  std::optional<Order> version = {};
};

struct RegionHead {
  int64_t region = 0;
  Hlc max_hlc = 0;
  friend bool operator==(const RegionHead&, const RegionHead&) = default;
};

/// One snapshot of a range. Extents may be shadowed by others: the client takes the skyline.
struct ListReply {
  std::vector<Extent> extents;      // all that overlap [lo, covered_hi), in no order
  int64_t covered_hi = 0;           // less than hi if there were more than max_extents: list on from there
  std::vector<BodyRow> bodies;      // of the visible extents
  std::vector<Buffer> records;      // op records of the visible extents, without known_ops
  std::vector<RegionHead> regions;  // heads of the regions that the range touches
  Hlc span_hlc = 0;
  // The least floor that a peer promises; INT64_MAX without peers. Below the lesser of it and a region's newest order
  // (max of its head and span_hlc) nothing more can arrive there: a rehome may flatten up to that (I10).
  Hlc frontier = 0;
  Hlc zero_floor = 0;
  int64_t size = 0;  // of the object
  bool sealed = false;
  int64_t now_ms = 0;
  int64_t lease_ms = 0;           // the fragments named here live at least this long
  std::optional<NameEntry> name;  // what the name asked for is bound to
  std::optional<Opset> opset;     // of the whole object, where it was asked for,
  Hlc newest = 0;                 // and the greatest order of its content
};

/// An object without its extents.
struct ObjectInfo {
  ObjectId object;
  int64_t size = 0;
  Opset opset{};
  bool sealed = false;
  int32_t bindings = 0;
  Hlc max_hlc = 0;
  int64_t extents = 0;
  Buffer meta;  // the record of the newest META op; empty: there is none
  Order meta_order;
};

struct NameQuery {
  BucketId bucket;
  std::string name;
  std::optional<Hlc> as_of;
  Hlc min_hlc = 0;  // as in ListRequest, of this name
  bool newest = false;
  /// The version that was made at this order, or kNullVersion; a delete marker too. None: what the name is bound to. Not with as_of.
  std::optional<Order> version = {};
};
struct NameHistoryRequest {
  BucketId bucket;
  std::string name;
  Hlc min_hlc = 0;
};
struct ListNamesRequest {
  BucketId bucket;
  std::string prefix;
  std::string after;     // exclusive; where it is a common prefix itself, what begins with that is not listed
  int32_t limit = 1000;  // of names and common prefixes together
  std::optional<Hlc> as_of;
  bool newest = false;  // of the primary: else a standby answers, which may be a little behind
  /// Where it is not empty: names that have it behind `prefix` are not listed one by one, but once for all that are equal up to
  /// and including the first place where it stands, as a common prefix.
  std::string delimiter = {};
  bool with_content = false;  // says NameEntry::content, of what the objects are now
};
struct ListNamesReply {
  std::vector<NameEntry> names;  // bound ones, in byte order
  bool more = false;             // go on after Last()
  std::vector<std::string> prefixes =
      {};  // the common ones, in byte order; none of them is the beginning of one of `names`

  /// The last of names and prefixes; empty if there are none.
  std::string Last() const {
    const std::string name = names.empty() ? std::string() : names.back().name;
    return prefixes.empty() ? name : std::max(name, prefixes.back());
  }
};

/// Versions of names, delete markers among them, by name, of each name the newest first. In a bucket that was never enabled: what its
/// names are bound to.
struct ListVersionsRequest {
  BucketId bucket;
  std::string prefix;
  std::string after;                        // a name: none of its versions,
  std::optional<Order> after_version = {};  // but for those older than this one
  int32_t limit = 1000;                     // of versions and common prefixes together
  std::string delimiter = {};               // as in ListNamesRequest
  bool newest = false;
};
struct ListVersionsReply {
  std::vector<NameEntry> versions;    // with content, versioning and meta
  std::vector<std::string> prefixes;  // the common ones, in byte order
  bool more = false;                  // go on after the last version, or after the last prefix if that is greater
};

/// An upload in parts: it gathers objects without a name until a Commit makes one of them (CommitRequest::complete_upload).
struct UploadInfo {
  UploadId id;  // UUIDv7 of the client: its time is when the upload began
  BucketId bucket;
  std::string name;  // that the object is to have
  Buffer metadata;   // sealed by the client
};
struct UploadPart {
  int32_t number = 0;  // 1 to kMaxPartNumber
  ObjectId object;
  int64_t size = 0;  // bytes of it, as the client says
  Buffer metadata;   // sealed by the client; at most kMaxPartMetadataSize
};
struct ListPartsRequest {
  BucketId bucket;
  UploadId upload;
  int32_t after = 0;  // a part's number; exclusive
  int32_t limit = 1000;
};
struct PartsPage {
  std::vector<UploadPart> parts;  // by number
  bool more = false;
};
struct ListUploadsRequest {
  BucketId bucket;
  std::string prefix;                         // of names
  std::string after;                          // a name: no upload of it is listed,
  std::optional<UploadId> after_upload = {};  // but for those behind this one
  int32_t limit = 1000;
};
struct UploadsPage {
  std::vector<UploadInfo> uploads;  // by name, then id
  bool more = false;
};

struct OpEntry {
  OpId op;
  uint8_t kind = 0;
  Order order;  // zero for a REHOME: its place in history is at_ms << 16 | 0xffff
  SiteId origin;
  int64_t at_ms = 0;
  Buffer record;
};
struct StatRequest {
  BucketId bucket;
  ObjectId object;
  Hlc min_hlc = 0;
};
struct HistoryRequest {
  BucketId bucket;
  ObjectId object;
  Hlc before = INT64_MAX;  // exclusive; newest first
  int32_t limit = 1000;    // a few more if several ops share the hlc of the last
  Hlc min_hlc = 0;
};

enum class Integrity : uint8_t { kCrc32c = 1, kSha256 = 2 };
enum class Etag : uint8_t { kOpaque = 1, kMd5 = 2 };

struct BucketSettings {
  std::string name;
  Integrity integrity = Integrity::kCrc32c;
  Etag etag = Etag::kOpaque;
  std::optional<uint8_t> k, m, w;  // none: the site's default
  int64_t history_ms = 0;
  Versioning versioning = Versioning::kOff;
  friend bool operator==(const BucketSettings&, const BucketSettings&) = default;
};
/// How a bucket's bodies are to be coded; as in BucketSettings.
struct BucketScheme {
  std::optional<uint8_t> k, m, w;
  friend bool operator==(const BucketScheme&, const BucketScheme&) = default;
};
inline BucketScheme SchemeOf(const BucketSettings& settings) { return {settings.k, settings.m, settings.w}; }
struct BucketInfo {
  BucketId id;
  BucketSettings settings;
  Hlc history_floor = 0;
  Buffer keyring;  // signed, opaque to servers
  int64_t keyring_version = 0;
};

enum class StoreState : uint8_t { kJoining = 1, kUp = 2, kSuspect = 3, kDown = 4, kDraining = 5, kGone = 6 };
enum class MemberState : uint8_t { kActive = 0, kBackfill = 1 };

struct StoreInfo {
  StoreId id;
  std::string address;  // host:port
  std::string domain;   // failure domain
  StoreState state = StoreState::kUp;
  float weight = 1;
  /// Names of its last start and of the one before, kept on its disk; empty: unknown. Only the former is remembered: a store that
  /// names another one before has not the disk that it had (MayHaveAnotherDisk).
  std::string start = {}, start_before = {};
  friend bool operator==(const StoreInfo&, const StoreInfo&) = default;
};
/// One of 4096 ordered lists of stores; a version of it is a row.
struct PlacementGroup {
  uint16_t group = 0;
  int64_t version = 0;
  std::vector<StoreId>
      stores;  // all eligible, at most 48: shard j of an encoding stands at the j-th place (ArrangeGroup)
  std::vector<MemberState> members;
  std::vector<StoreId> previous;  // where shards may stand until all members are ACTIVE again
  /// Whether all members are ACTIVE, and shards stand nowhere but at their places.
  bool IsWhole() const {
    return previous.empty() && std::find(members.begin(), members.end(), MemberState::kBackfill) == members.end();
  }
  friend bool operator==(const PlacementGroup&, const PlacementGroup&) = default;
};
struct ClusterMap {
  int64_t version = 0;  // grows with every change
  SiteId site;
  int64_t fence_epoch = 0;
  uint8_t default_k = 4, default_m = 2;
  std::vector<StoreInfo> stores;
  std::vector<PlacementGroup> groups;  // 4096, by number; empty before the first placement

  /// Null if there is none of this id.
  const StoreInfo* FindStore(StoreId id) const {
    const auto found =
        std::find_if(stores.begin(), stores.end(), [&](const StoreInfo& store) { return store.id == id; });
    return found == stores.end() ? nullptr : &*found;
  }
};

struct JournalPosition {
  uint64_t xid = 0;
  int64_t seq = 0;
  friend auto operator<=>(const JournalPosition&, const JournalPosition&) = default;
};
/// Entries of one (xid, part) happen together at every site.
struct JournalEntry {
  JournalPosition position;
  int16_t part = 0;
  uint8_t kind = 0;  // an op kind, or 12 FLOOR, 13 REAP
  ObjectId object;
  OpId op;
  Buffer record;   // of an op
  Buffer payload;  // of FLOOR: the floor, 8 bytes big-endian
};

/// A body that no extent names and none can name again: its fragments may be deleted.
struct PurgingBody {
  BodyId body;
  std::optional<EncodingId> encoding;  // none: inline
  int n = 1;                           // its shards
};

/// How far a walk over the objects that hold zeros has come.
struct ZerosPage {
  int64_t dropped = 0;           // tombstones of zeros that went
  std::optional<ObjectId> last;  // the last object that was looked at: go on after it. None: there are no more
};

/// What a garbage collector says of a pass, for those who ask what it does.
struct CollectorPass {
  std::string kind;      // "catalog", "tombstones" or "stores"
  int64_t ended_ms = 0;  // by the catalog's clock, which sets it
  int64_t took_ms = 0;
  std::string trouble;                  // what it failed with; empty: it did not
  std::map<std::string, int64_t> done;  // how much of what
  friend bool operator==(const CollectorPass&, const CollectorPass&) = default;
};

/// What waits to be collected, as the catalog knows it. Fragments without a body are known to stores only.
struct GarbageState {
  int64_t now_ms = 0;                         // the catalog's clock
  int32_t timeline = 0, thawed_timeline = 0;  // of the primary now, and where destructive work may run (I25)
  int64_t expired_objects = 0;                // never bound, and past their time
  int64_t unbound_objects = 0;                // lost their last name; history or a reference may hold them yet
  int64_t reaped_objects = 0;                 // with rows that are still to be dropped
  int64_t bodies = 0;                         // that lost a row: to be looked at when their time has come
  int64_t bytes = 0;                          // of their fragments, or of ciphertext in the catalog
  std::optional<int64_t> since_ms;            // when the first of them lost its row; after a rehome, when its hold ends
  int64_t purging_bodies = 0;                 // whose fragments are being deleted
  int64_t marked_encodings = 0;               // found without a body, and not confirmed yet
  std::optional<int64_t> asked_ms;            // somebody asks for a pass, and no collector has taken that up
  std::vector<CollectorPass> passes;          // the last of each kind, by kind

  bool frozen() const { return timeline != thawed_timeline; }
};

/// One shard of an encoding, wherever its fragment stands.
struct Shard {
  EncodingId encoding;
  uint8_t number = 0;
  friend auto operator<=>(const Shard&, const Shard&) = default;
};

/// A shard that stands where `version` of its placement group wants it.
struct PlacedShard {
  Shard shard;
  int64_t version = 0;
};

/// What repair knows of a body that has an encoding. No key is among it.
struct EncodedBody {
  BodyId body;
  Encoding encoding;
  std::array<uint8_t, 64> header{};
  std::array<uint8_t, 32> ct_root{};  // zeros in crc32c mode
  uint64_t missing = 0;               // bit j: shard j is not known to stand at its place

  /// How many more shards may be lost; below zero some bytes cannot be had.
  int Margin() const { return encoding.n - encoding.k - std::popcount(missing); }
  friend bool operator==(const EncodedBody&, const EncodedBody&) = default;
};

/// Encodings of the placement groups first to last, both included: of the first only those after `after`.
struct GroupRange {
  uint16_t first = 0;
  EncodingId after;
  uint16_t last = 0;
};

/// Bodies and the bytes of their plaintext.
struct BodyCount {
  int64_t bodies = 0;
  int64_t bytes = 0;
  friend bool operator==(const BodyCount&, const BodyCount&) = default;
};

/// A bucket whose scheme was changed at some time: bodies of it may still be coded otherwise.
struct Recoding {
  BucketId bucket;
  std::string name;
  uint8_t k = 1, m = 0;           // of its scheme now
  int64_t changed_ms = 0;         // when that was set
  std::optional<BodyCount> left;  // coded otherwise, as counted last; none: not counted since
  friend bool operator==(const Recoding&, const Recoding&) = default;
};

/// A place in the list of a bucket's bodies. The default is before all.
struct BucketPosition {
  uint32_t key_epoch = 0;
  BodyId body;
  friend auto operator<=>(const BucketPosition&, const BucketPosition&) = default;
};

/// How the key of a body is wrapped at present (format, section 4).
struct WrappedBody {
  BodyId body;
  uint32_t key_epoch = 0;
  std::array<uint8_t, 72> wrapped_dek{};
  friend bool operator==(const WrappedBody&, const WrappedBody&) = default;
};

/// Which of them are asked for.
struct WrappedQuery {
  BucketId bucket;
  uint32_t below_epoch = 0;  // those of older epochs
  BucketPosition after;      // exclusive
  int32_t limit = 1000;      // 1 to kMaxRewraps
};

/// Wraps the keys of bodies anew, under one epoch.
struct RewrapRequest {
  struct Change {
    BodyId body;
    std::array<uint8_t, 72> old_dek{};  // as it is wrapped until now
    std::array<uint8_t, 72> wrapped_dek{};
  };
  BucketId bucket;
  uint32_t key_epoch = 0;       // of all the new ones
  std::vector<Change> changes;  // at most kMaxRewraps
};
inline constexpr int32_t kMaxRewraps = 10'000;  // of one call

/// What a look at some bodies of a bucket gave.
struct OtherwisePage {
  std::vector<EncodedBody> bodies;  // of those looked at, the ones that are coded otherwise than the bucket wants
  BucketPosition last;              // the last that was looked at
  bool more = false;                // there may be others behind it
};

/// A body that was encoded anew.
struct EncodingChange {
  BodyId body;
  EncodingId old;                                 // what it has until now
  Encoding encoding;                              // what it is to have
  std::vector<std::array<uint8_t, 64>> receipts;  // of the new one, as for a BodyUpload
};

/// An encoding that was replaced. Its shards stand, or stood, where its placement group wants them.
struct RetiredEncoding {
  EncodingId encoding;
  int n = 1;
  friend bool operator==(const RetiredEncoding&, const RetiredEncoding&) = default;
};

/// A place in the list of bodies with missing shards: by margin, then id. The default is before all.
struct DegradedPosition {
  int margin = INT16_MIN;
  BodyId body;
  friend auto operator<=>(const DegradedPosition&, const DegradedPosition&) = default;
};

/// How far the shards of a placement group have been accounted for.
struct GroupCheck {
  uint16_t group = 0;
  int64_t version = 0;
  bool settled = false;               // no Commit that used an older version can still become visible
  std::optional<int64_t> checked_ms;  // when all shards of this version were last found, or known to be missing
  friend bool operator==(const GroupCheck&, const GroupCheck&) = default;
};
struct GroupVersion {
  uint16_t group = 0;
  int64_t version = 0;
};

/// Whether everything is where it should be, as the catalog knows it.
struct Redundancy {
  std::map<int, int64_t> degraded;         // bodies with missing shards, by margin
  int64_t suspects = 0;                    // bodies whose fragments contradict each other
  int32_t groups = 0;                      // placement groups; 0 before the first placement
  int32_t backfilling = 0;                 // of them, those with members that do not have all their shards yet
  int32_t unchecked = 0;                   // of them, those never accounted for since they last changed
  std::optional<int64_t> oldest_check_ms;  // of those that were
  int64_t now_ms = 0;                      // the catalog's clock
  friend bool operator==(const Redundancy&, const Redundancy&) = default;
};

}  // namespace pbfs
