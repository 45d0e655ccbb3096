#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "libs/catalog/decide.h"
#include "libs/catalog/extent_index.h"
#include "libs/catalog/types.h"

namespace pbfs {

/// The catalog's rows in memory, and the load and apply steps of a transaction over them. Inside of MemoryCatalog, which
/// holds its lock around every call.
class MemoryTables {
 public:
  struct PastExtent {
    Extent extent;
    Hlc gone = 0;
  };
  struct Head {
    Hlc max_hlc = 0;
    Opset opset{};
  };
  struct Object {
    ObjectState state;  // heads_max, heads_opset and has_extents are computed when loaded
    TruncChange trunc;
    Buffer meta;
    Hlc unbound_hlc = 0;
    int64_t expires_ms = INT64_MAX;  // of an open object; of a reaped one: it has rows to drop, and from when
    std::map<int64_t, Head> heads;   // by region
    ExtentIndex extents;
    std::vector<PastExtent> past;
  };
  struct OpRow {
    OpKind kind = OpKind::kWrite;
    std::optional<Order> order;
    Buffer record;
    std::array<uint8_t, 32> digest{};
    int64_t at_ms = 0;
  };
  struct Body {
    BucketId bucket;
    BodyRow row;
    bool purging = false;
  };
  struct Upload {
    UploadInfo info;
    int64_t expires_ms = 0;
    std::map<int32_t, UploadPart> parts;
  };
  struct Suspect {  // a body that lost a row
    BodyId body;
    int64_t since_ms = 0;
  };
  static constexpr int64_t kTombstoneMs = 2'592'000'000;  // of an encoding (format, section 10): 30 days
  struct Retired {                                        // an encoding that was replaced
    int n = 1;
    int64_t since_ms = 0;
  };
  struct Recode {  // of a bucket whose scheme was changed
    int64_t changed_ms = 0;
    PlacementWidth widest;  // of what its bodies may have
    std::optional<BodyCount> left;
  };
  struct Tombstone {
    int64_t at_ms = 0;
    bool armed = false;
    bool confirmed = false;
  };

  explicit MemoryTables(SiteId site) : site_(site) {}

  /// What Decide needs for `plan`; `now_ms` is the transaction's clock.
  LoadedState Load(const BatchPlan& plan, int64_t now_ms) const;
  /// One transaction: everything of `changes` happens, under the next transaction id.
  void Apply(const RowChanges& changes, int64_t now_ms);
  /// Takes covered sources of a rehome away, after its runs were applied.
  SourceVerdicts RemoveSources(const ParsedCommit& rehome, const RehomeDecision& decision, int64_t now_ms);

  const Object* FindObject(BucketId bucket,
                           ObjectId id) const;  // null if it is not there, of another bucket, or reaped
  bool IsReferenced(ObjectId object) const;
  bool IsPart(ObjectId object) const;  // of an upload
  void ForgetUpload(UploadId id);      // its parts are open objects whose time is over
  void ExpireOpen(ObjectId id);        // the same of one, if it is an open object
  bool IsNamed(BodyId body) const;     // by an extent, present or past
  const OpRow* FindOp(const ObjectOp& key) const;
  void AppendJournal(uint8_t kind, ObjectId object, OpId op, int16_t part, Buffer record, Buffer payload,
                     int64_t now_ms);

  static Opset OpsetOf(const Object& object);
  static Hlc NewestOf(const Object& object);  // over all regions and spans
  static int64_t SizeOfObject(const Object& object);

  const SiteId site_;
  Hlc floor = 0;
  uint64_t xid = 1;      // of the transaction at work
  int64_t next_seq = 1;  // of the journal
  std::map<BucketId, BucketInfo> buckets;
  std::unordered_map<ObjectId, Object> objects;
  std::map<ObjectOp, OpRow> ops;
  std::map<ObjectOrder, OpId> orders;
  std::unordered_map<BodyId, Body> bodies;
  std::unordered_map<EncodingId, BodyId> encodings;
  std::map<EncodingId, Tombstone> swept;
  std::map<EncodingId, Retired> retired;
  std::map<BucketId, Recode> recodes;
  std::map<NameKey, Binding> names;
  std::map<NameKey, std::map<Order, PastBinding>> past_names;
  std::map<uint16_t, PlacementGroup> groups;
  std::map<uint16_t, int64_t> checked_ms;  // of groups that were since they last changed
  std::set<EncodingId> suspects;
  std::vector<PlacementStore> stores;
  std::vector<JournalEntry> journal;
  std::vector<int64_t> journal_ms;  // when each entry was made
  std::vector<Suspect> garbage;
  std::map<UploadId, Upload> uploads;
  std::map<std::string, CollectorPass> passes;  // by kind
  std::optional<int64_t> pass_asked_ms;

 private:
  bool AnyExtent(const std::function<bool(const Extent&)>& wanted) const;
  ObjectState LoadObject(const Object& object) const;
  NameState LoadName(const NameKey& key) const;
  void ApplyObject(const ObjectChange& change, int64_t now_ms);
  void ApplyPrune(const Prune& prune, int64_t now_ms);
  void Remove(Object& object, const Extent& extent, bool history, Hlc gone, int64_t since_ms);
};

}  // namespace pbfs
