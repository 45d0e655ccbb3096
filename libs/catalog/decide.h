#pragma once

#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "libs/catalog/parsed_commit.h"
#include "libs/catalog/types.h"
#include "libs/model/limits.h"
#include "libs/model/placement.h"

/// The rules of the catalog as a pure function: loaded state and Commits in, answers and row changes out (format,
/// section 9.1). The PostgreSQL adapter and the in-memory twin lock, load and apply; what is right is decided here, once.
///
/// A transactor does, for one batch in one transaction:
///   (a) lock: PlanBatch() says what, in which order and how strongly
///   (b) load everything that the plan names, with a snapshot taken after the locks
///   (c) Decide()
///   (d) apply RowChanges, one set-based statement a table; commit; answer
namespace pbfs {

struct ObjectRegion {
  ObjectId object;
  int64_t region = 0;
  friend auto operator<=>(const ObjectRegion&, const ObjectRegion&) = default;
};
struct ObjectOp {
  ObjectId object;
  OpId op;
  friend auto operator<=>(const ObjectOp&, const ObjectOp&) = default;
};
struct ObjectOrder {
  ObjectId object;
  Order order;
  friend auto operator<=>(const ObjectOrder&, const ObjectOrder&) = default;
};
struct NameKey {
  BucketId bucket;
  std::string name;
  friend auto operator<=>(const NameKey&, const NameKey&) = default;
};
struct KeyHash {
  size_t operator()(const ObjectRegion& key) const;
  size_t operator()(const ObjectOp& key) const;
  size_t operator()(const ObjectOrder& key) const;
  size_t operator()(const NameKey& key) const;
};

// ---- (a) what a batch touches ---------------------------------------------------------------------------------------------

/// What to lock and load for a batch. All lists are sorted and without repeats; locks are taken in this order of fields,
/// and within a field in this order of keys (the advisory lock of an object in the order of its lock key).
struct BatchPlan {
  struct ObjectLock {
    ObjectId object;
    bool alone = false;   // a span, a condition on content, a SEAL, a META, or a BIND where versions are kept
    bool create = false;  // may be created: insert it (open) to have a row to lock, and delete it if it stays unused
    BucketId bucket;      // to create it in
    friend auto operator<=>(const ObjectLock&, const ObjectLock&) = default;
  };
  std::vector<ObjectLock> objects;       // target of an op; advisory lock; never the null object
  std::vector<ObjectRegion> heads;       // touched by extents of at most a region: insert if absent, FOR UPDATE
  std::vector<BodyId> source_bodies;     // referenced, not uploaded by the same Commit: KEY SHARE
  std::vector<ObjectId> source_objects;  // referenced sealed objects: KEY SHARE; load them as objects
  std::vector<NameKey> names;            // insert (order 0) if absent, FOR UPDATE
  std::vector<UploadId> uploads;         // completed ones: FOR UPDATE
  // Looked up without locks:
  std::vector<BucketId> buckets;
  std::vector<ObjectOp> ops;
  std::vector<ObjectOrder> orders;
  std::vector<BodyId> new_bodies;
  std::vector<EncodingId> encodings;  // of new bodies: does a body have it, is it swept
  std::vector<uint16_t> groups;
  struct DropTarget {
    NameKey name;
    std::vector<Order> orders;  // load these past bindings, and the newest orders.size() + 1 that are versions
    friend auto operator<=>(const DropTarget&, const DropTarget&) = default;
  };
  std::vector<DropTarget> drops;
  std::vector<NameKey> nulls;  // load the past binding that is the null version: it is replaced
};
BatchPlan PlanBatch(std::span<const ParsedCommit* const> commits);

// ---- (b) what was loaded ----------------------------------------------------------------------------------------------------

/// Limits of the site (table site_self) and its clock, read after the transaction had its id (I20).
struct SiteState {
  SiteId site;
  int64_t now_ms = 0;
  Hlc floor = 0;                           // the site originates nothing at or below it (I13)
  int64_t max_age_ms = kMaxEncodingAgeMs;  // L
  int64_t skew_ms = kMaxClockSkewMs;       // B
  int64_t drift_ms = kMaxHlcDriftMs;
};
struct BucketState {
  Versioning versioning = Versioning::kOff;
  bool history = false;  // history_ms > 0
  friend bool operator==(const BucketState&, const BucketState&) = default;
};
enum class ObjectLife : uint8_t { kOpen = 0, kBound = 1, kReaped = 2 };  // never bound, bound once, reaped
/// An object's row. Every object of the plan that has a row has an entry here, those inserted by the lock step included
/// (`inserted`): they count as absent for a Commit that does not create them.
struct ObjectState {
  BucketId bucket;
  ObjectLife life = ObjectLife::kOpen;
  bool inserted = false;  // by the lock step of this transaction
  bool sealed = false;
  bool has_extents = true;  // false only if it is known to have none: saves the prune
  int depth = 0;
  int bindings = 0;
  Hlc span_hlc = 0;
  Opset span_opset{};  // object.opset: of span ops only
  Order meta_order;
  Hlc zero_floor = 0;   // used by rehome
  Hlc heads_max = 0;    // for an object that the plan holds alone: over all its heads (rehome: likewise)
  Opset heads_opset{};  // the same: XOR
};
struct HeadState {
  Hlc max_hlc = 0;
};
struct BodyState {
  BucketId bucket;
  bool live = true;  // false: purging
};
struct EncodingState {
  bool swept = false;  // a tombstone; else a body has it
};
/// One value of a name's register. Order zero: never bound.
struct Binding {
  Order order;
  std::optional<ObjectId> object;  // none: unbound, or a delete marker
  ObjectOp record;                 // where its op record is: of an UNBIND the object differs from the binding's
  Versioning versioning =
      Versioning::kOff;  // the bucket's when it was made: kEnabled: a version of its own, else the null version
  bool IsNull() const { return versioning != Versioning::kEnabled; }
  friend bool operator==(const Binding&, const Binding&) = default;
};
struct PastBinding {
  Binding binding;
  bool dropped = false;         // then object is none
  std::optional<Hlc> gone_hlc;  // none: a version
  bool IsVersion() const { return !dropped && !gone_hlc; }
  friend bool operator==(const PastBinding&, const PastBinding&) = default;
};
struct NameState {
  Binding current;
  std::map<Order, PastBinding> past;  // at least what BatchPlan::drops and nulls ask for
};

struct LoadedState {
  SiteState site;
  std::unordered_map<BucketId, BucketState> buckets;
  std::unordered_map<ObjectId, ObjectState> objects;
  std::unordered_map<ObjectRegion, HeadState, KeyHash> heads;
  std::unordered_map<BodyId, BodyState> bodies;  // source bodies, and rows that already have the id of a new one
  std::unordered_map<EncodingId, EncodingState> encodings;
  std::unordered_map<NameKey, NameState, KeyHash> names;
  std::unordered_map<UploadId, NameKey> uploads;                       // what each is to become
  std::unordered_map<ObjectOp, std::array<uint8_t, 32>, KeyHash> ops;  // digests of ops that exist
  std::unordered_map<ObjectOrder, bool, KeyHash> orders;               // that exist; the value is true
  std::unordered_map<uint16_t, PlacementGroup> groups;
  std::vector<PlacementStore>
      stores;  // of the site, `up` but for those that are gone: PlacementStoresOf (place_groups.h)
};

// ---- (c), (d) what is to change ---------------------------------------------------------------------------------------------

/// A row of op, and with it a row of journal: (part, kind, object, op), in the order of the vector.
struct OpInsert {
  ObjectId object;
  OpId op;
  OpKind kind = OpKind::kWrite;
  std::optional<Order> order;  // none for a REHOME
  Buffer record;
  std::array<uint8_t, 32> digest{};
  int16_t part = 0;  // the Commit's number in the transaction: the unit of I16
};
struct BodyInsert {
  BucketId bucket;
  BodyRow row;
  bool whole = false;  // comes with its object, and not as a patch of one that is there
};
struct ExtentInsert {
  ObjectId object;
  Extent extent;
};
/// Rows of `object` inside [lo, hi) of an order below `below` go, those inserted by the same batch included: insert first,
/// then prune. They become past rows with gone_hlc = `gone` if `history`, else their bodies are queued as garbage, due at
/// once. Where several prunes of one batch take a row, the one with the smallest `gone` counts.
struct Prune {
  ObjectId object;
  BucketId bucket;
  int64_t lo = 0;
  int64_t hi = 0;
  Order below;
  Hlc gone = 0;
  bool history = false;
};
struct HeadChange {
  ObjectRegion head;
  Hlc max_hlc = 0;  // to the greatest of the row's and this
  Opset opset_xor{};
};
struct TruncChange {
  Order order;  // by the greatest order
  int64_t length = 0;
};
struct MetaChange {
  Order order;  // by the greatest order
  Buffer record;
};
/// Changes of one object's row, to be applied as deltas and conditions on what the row says then: bindings, depth and meta
/// are not locked.
struct ObjectChange {
  ObjectId object;
  bool created = false;  // the row that the lock step inserted stays (in memory: insert it)
  BucketId bucket;       // of a created one
  bool bound = false;    // life = kBound, expires = none
  bool seal = false;
  bool renamed = false;  // bindings += bindings_delta; unbound_hlc = gone if that makes 0, else none
  int bindings_delta = 0;
  Hlc gone = 0;
  int depth = 0;      // to the greater
  Hlc span_hlc = 0;   // to the greater
  Opset opset_xor{};  // of span ops
  std::optional<TruncChange> trunc;
  std::optional<MetaChange> meta;
  bool IsNothing() const;
};
/// A name's register. First all deletions of past rows, then insertions; a key is in one of the two only.
struct NameChange {
  NameKey name;
  std::optional<Binding> current;  // none: delete the row
};
struct PastChange {
  NameKey name;
  Order order;
  std::optional<PastBinding> row;  // insert or replace; none: delete
};

struct RowChanges {
  std::vector<OpInsert> ops;
  std::vector<BodyInsert> bodies;
  std::vector<ExtentInsert> extents;
  std::vector<Prune> prunes;           // in the order of their Commits
  std::vector<HeadChange> heads;       // one a head
  std::vector<ObjectChange> objects;   // one an object
  std::vector<NameChange> names;       // one a name
  std::vector<PastChange> past_names;  // one a (name, order)
  std::vector<UploadId> uploads;       // completed ones: to be forgotten
  std::vector<BodyId> garbage;         // due after the grace; from rehome only
};

struct Decision {
  std::vector<CommitReply> replies;  // one a Commit, in the order given
  RowChanges changes;
};

/// Answers every Commit and says what changes. Commits are taken in the order of their hlc (any order is right, since none
/// is acknowledged; this one refuses fewest). A Commit counts whole: later ones see all of an accepted one, nothing of a
/// refused one. No Commit can make the batch fail: what the schema holds unique is checked here.
/// A Commit all of whose ops exist with equal digests is kReplay; with some of them, or another digest, kOpIdReused.
/// None of the Commits is a REHOME, none is `refused`.
Decision Decide(const LoadedState& state, std::span<const ParsedCommit* const> commits);

// ---- REHOME -------------------------------------------------------------------------------------------------------------------

/// What a REHOME needs: the object's row (held shared), with heads_max over all its heads; the head of the runs' region
/// (locked FOR UPDATE); uniqueness as for Decide.
struct RehomeDecision {
  CommitReply reply;
  RowChanges changes;  // runs, body, op; bodies of discarded runs in `garbage`
  Hlc gone = 0;        // gone_hlc of sources that go (I26); for a source longer than a region gone_span
  Hlc gone_span = 0;
};
RehomeDecision DecideRehome(const LoadedState& state, const ParsedCommit& commit);

/// Which extents of the object a rehome's sources may take away (I7, I11): each source that still exists and is covered by
/// the union of strictly greater extents or of this op's runs at equal order.
struct SourceVerdicts {
  std::vector<Extent> removed;  // delete them; keep as past rows, or queue their bodies after the rehome hold
  int kept = 0;                 // present and not covered: a lie or a race
};
/// `overlapping` holds every extent of the object that overlaps any of `sources`, this op's runs included. Sources may come
/// in pages; each page sees what the page before left.
SourceVerdicts JudgeSources(std::span<const Extent> overlapping, std::span<const RehomeSource> sources, OpId rehome);

}  // namespace pbfs
