#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/client/rehome_policy.h"
#include "libs/client/streams.h"
#include "libs/crypto/primitives.h"
#include "libs/model/op_kind.h"

namespace pbfs {

/// A further recipient of a bucket's key.
struct BucketMember {
  PublicKey box{};
  PublicKey signing{};
  bool may_write = true;
};

/// What is kept, encrypted, beside a name: at most 16 KiB in all.
struct ObjectMetadata {
  std::string content_type;
  std::map<std::string, std::string> user;
  /// What the protocol that it was written with keeps: names and values of its own, not the user's.
  std::map<std::string, std::string> system;
  std::string etag;  // as the writer computed it,
  /// Of the content that the etag, and whatever else depends on it, is of: with another opset they no longer hold. Put and Clone fill it
  /// in where there is an etag, or any opset.
  std::optional<Opset> opset;
  friend bool operator==(const ObjectMetadata&, const ObjectMetadata&) = default;
};

/// Conditions and such of a write to an object.
struct WriteOptions {
  /// Only if the whole content of the object is what this opset (of a Stat) describes; else FAILED_PRECONDITION. It is
  /// tested in the transaction that writes.
  std::optional<Opset> if_opset;
  /// The id of the op that it becomes, where that is one: a write that is repeated with it, within a day of the id's time, happens once.
  /// The repeat ends with ALREADY_EXISTS (detail pbfs-code OP_ID_REUSED), whatever it says. Only of WriteRanges, Truncate and Zero.
  std::optional<OpId> op;
};

/// What a write did. Durable when it is returned.
struct Written {
  ObjectId object;
  Order order;     // of the last op: per byte the greatest order wins
  int64_t lo = 0;  // bytes [lo, hi) of the object
  int64_t hi = 0;
  int64_t ops = 1;  // how many commits it took; 1: atomic
  /// The opset that the object now has: of a new one, and after a conditional write.
  std::optional<Opset> opset;
  /// Of the bucket when a name was bound: kEnabled: `order` is that of a version of its own, else of the null version.
  Versioning versioning = Versioning::kOff;
};
/// What became of a name that was unbound.
struct Unbound {
  Order order;
  Versioning versioning = Versioning::kOff;  // of the bucket then; not kOff: the order is that of a delete marker
};

struct PutOptions {
  ObjectMetadata metadata;
  /// Called when the source has been read to its end, before the name is bound: may complete the metadata, or refuse what was read
  /// (then nothing is bound, and the put ends with this error).
  std::function<Status(ObjectMetadata& metadata)> at_end;
  /// Only if the name is not bound; else FAILED_PRECONDITION.
  bool if_none_match = false;
  /// Only if the name is bound to this object.
  std::optional<ObjectId> if_bound_to;
  /// As WriteOptions::op. Only of PatchVersion, ResizeVersion and ZeroVersion.
  std::optional<OpId> op = {};
};

struct RangeWrite {
  int64_t offset = 0;
  ByteSpan bytes;
};

struct ReadOptions {
  /// As of an earlier order (history); AsOfMillis() makes one from a time.
  std::optional<Hlc> as_of;
};
/// The order that a time stands for: everything of that millisecond is included.
inline Hlc AsOfMillis(int64_t unix_millis) { return HlcFromMillis(unix_millis) | 0xffff; }

/// An object, and the name that it was found by if it was.
struct ObjectStat {
  ObjectId object;
  int64_t size = 0;
  Opset opset{};
  bool sealed = false;
  int64_t extents = 0;
  Hlc newest = 0;  // the greatest order of its content
  Order bound;     // of the name's binding
  ObjectMetadata metadata;
  Versioning versioning = Versioning::kOff;  // of the bucket when the name was bound: kEnabled: a version of its own
  Order meta;  // of the change that the metadata are from; zero: they came with the binding
};

class ClientCore;
class OpenedBucket;
struct Listing;

/// One state of an object, found by its name, and its bytes, whatever is written, bound or unbound meanwhile: for the 15 minutes
/// that a listing's lease lasts, and beyond while the object stays as it is. A cheap value; it must not outlive its Client.
/// Threads: any.
class ObjectView {
 public:
  const ObjectStat& stat() const { return stat_; }
  /// Makes [lo, hi) ready to be read, as far as the object reaches. Errors: ABORTED it is not the state any more that this view is
  /// of: open it again; those of a read.
  Status Cover(const Context& context, int64_t lo, int64_t hi);
  /// Bytes [lo, hi) into `sink`, front to back, in bounded memory: within the object, and within what was opened or covered.
  /// Everything that the sink got is right, also when an error ends the read. Errors: those of a read; ABORTED as of Cover(): its
  /// fragments are gone, and the object is another one by now.
  Status Read(const Context& context, int64_t lo, int64_t hi, ByteSink& sink) const;

 private:
  friend class Bucket;
  ObjectView(ClientCore* core, std::shared_ptr<const OpenedBucket> state) : core_(core), state_(std::move(state)) {}
  struct Part {
    int64_t lo = 0, hi = 0;  // what the listing covers
    std::shared_ptr<const Listing> listing;
  };
  Result<Part> List(const Context& context, int64_t lo, int64_t hi) const;
  Result<Part> PartAt(const Context& context, int64_t lo, int64_t hi) const;
  Result<int64_t> ReadPiece(const Context& context, int64_t lo, MutableByteSpan out) const;

  ClientCore* core_;
  std::shared_ptr<const OpenedBucket> state_;
  ObjectStat stat_;
  std::vector<Part> parts_;
};

struct ViewOptions {
  int64_t lo = 0, hi = 1;  // what is to be read of it; what lies behind its end does no harm
  /// Sees whatever was acknowledged to anybody before. Else a little of what others did may be missing.
  bool newest = false;
  /// This version of the name, by its order, or kNullVersion; none: what it is bound to.
  std::optional<Order> version = {};
};

/// A new object that is written front to back in pieces and then bound: for those whom its bytes reach bit by bit, and who must not
/// hold the client's memory while they wait for them. Each piece becomes a body, uploaded while the next is added; of an object that is
/// never bound nothing is left that anybody sees. It must not outlive its Client. Threads: one at a time.
class ObjectWriter {
 public:
  ~ObjectWriter();
  /// Takes the next piece, 1 byte to 64 MiB; waits while too many are on their way. Errors: those of a write, also of earlier
  /// pieces; after one the writer is of no use.
  Status Add(Buffer piece);
  Status Add(Bytes piece) { return Add(Buffer::FromBytes(std::move(piece))); }
  /// Waits for all pieces, and binds the object: one Commit up to 1 GiB. Once. Errors: those of Put; UNAVAILABLE also if pieces did not
  /// come for an hour: write it again.
  Result<Written> Bind(const std::string& name, const PutOptions& options);

 private:
  friend class Bucket;
  class Impl;
  Result<Written> Seal();
  explicit ObjectWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Ranges of an object that are one write, all or nothing, and come bit by bit (as of ObjectWriter): each piece becomes a body, uploaded while
/// the next is added, and Bucket::WriteRanges or PatchVersion places them all. What is never placed nobody sees. It must not outlive its
/// Client. Threads: one at a time.
class RangeWriter {
 public:
  ~RangeWriter();
  /// Takes a piece, 1 byte to 64 MiB, that begins at `offset`, in any order; waits while too many are on their way. Up to 5 GiB in all, and as
  /// many pieces as one Commit can name: of 1 MiB all 5120 where a body has at most 29 fragments.
  /// Errors: those of a write, also of earlier pieces; INVALID_ARGUMENT beyond those limits. After one the writer is of no use.
  Status Add(int64_t offset, Buffer piece);
  Status Add(int64_t offset, Bytes piece) { return Add(offset, Buffer::FromBytes(std::move(piece))); }
  /// Offsets count from this byte of the object; from 0 unless told. An append finds out late where that is.
  void PlaceAt(int64_t origin);

 private:
  friend class Bucket;
  friend class ObjectWriter;
  class Impl;
  explicit RangeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct NamedObject {
  std::string name;
  ObjectId object;
  Order order;
  ObjectMetadata metadata;
  std::optional<NamedContent> content = {};  // size and opset of the object now, where they were asked for
};
/// Which names are listed, and what is said of them.
struct ListOptions {
  std::string after;     // exclusive; a common prefix leaves out what begins with it
  int32_t limit = 1000;  // of names and common prefixes together
  /// Where it is not empty, names that have it behind the prefix are not listed but folded: all that are equal up to and including
  /// the first of it are one common prefix.
  std::string delimiter;
  /// Shows every change that was acknowledged to anybody: asks the primary. Else to this client.
  bool newest = false;
  bool with_content = false;
  std::optional<Hlc> as_of;
};
struct NamePage {
  std::vector<NamedObject> names;     // in byte order
  std::vector<std::string> prefixes;  // common ones, in byte order: the catalog's word, which no record proves
  std::string last;                   // the greatest of both; empty if there is none
  bool more = false;                  // go on after it
};

/// A version of a name. Which version is the null one, and which is current, is the catalog's word.
struct NamedVersion {
  std::string name;
  std::optional<ObjectId> object;  // none: a delete marker
  Order order;                     // names the version; kNullVersion does too if it is that
  bool is_null = false;
  bool current = false;
  ObjectMetadata metadata;
  std::optional<NamedContent> content = {};  // of an object, in a list
  Order meta = {};                           // as ObjectStat::meta
};
struct VersionListOptions {
  std::string after;  // a name: none of its versions, and of a common prefix nothing that begins with it,
  std::optional<Order> after_version = {};  // but for those older than this one
  int32_t limit = 1000;                     // of versions and common prefixes together
  std::string delimiter;                    // as in ListOptions
  bool newest = false;
};
struct VersionPage {
  std::vector<NamedVersion> versions;  // by name, of each the newest first; delete markers too
  std::vector<std::string> prefixes;   // common ones, in byte order
  bool more = false;                   // go on after the last version, or after the last prefix if that is greater
};

/// An upload in parts that is under way. Its id says when it began (Millis).
struct UploadStat {
  UploadId upload;
  std::string name;         // that the object is to have
  ObjectMetadata metadata;  // as CreateUpload had it
};
struct UploadListOptions {
  std::string prefix;                    // of names
  std::string after;                     // a name: none of its uploads,
  std::optional<UploadId> after_upload;  // but for those behind this one
  int32_t limit = 1000;
};
struct UploadPage {
  std::vector<UploadStat> uploads;  // by name, then id
  bool more = false;                // go on after the last one
};
/// A part of an upload: an object without a name, sealed. Its id says when it was made (Millis).
struct UploadedPart {
  int32_t number = 0;  // 1 to 10,000
  ObjectId object;
  int64_t size = 0;  // bytes
  Bytes metadata;    // of the caller, at most 900 bytes; kept encrypted
};
struct UploadPartPage {
  std::vector<UploadedPart> parts;  // by number
  bool more = false;                // go on after the last one
};
/// Asked once, when the source of a part has been read to its end: what is to be kept with the part, or why it is not to be set.
using PartMetadata = std::function<Result<Bytes>()>;

/// One op of an object, newest first.
struct HistoryEntry {
  OpId op;
  OpKind kind = OpKind::kWrite;
  Order order;
  int64_t at_ms = 0;  // by the catalog's clock
  int64_t lo = 0;     // the range that it touches
  int64_t hi = 0;
  int64_t bytes = 0;       // plaintext of the bodies that it brought: WRITE, REHOME
  std::string name;        // of BIND and UNBIND
  bool authentic = false;  // its MAC is right
};
/// One value that a name had, newest first.
struct NameHistoryEntry {
  std::optional<ObjectId> object;  // none: unbound
  Order order;
  bool current = false;
};

/// Where the visible bytes of a range are: a map of its patches.
struct VisibleExtent {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  Source source;
  int64_t inner = 0;
  int64_t body_length = 0;           // plaintext of the body, 0 for zeros and references
  std::optional<Encoding> encoding;  // none: inline, zeros, reference
};

enum class FragmentHealth { kSound, kMissing, kCorrupt, kUnreachable };
struct FragmentReport {
  BodyId body;
  EncodingId encoding;
  uint8_t shard = 0;
  StoreId store;
  FragmentHealth health = FragmentHealth::kSound;
  std::string what;  // of one that is not sound
};
struct VerifyReport {
  int64_t bodies = 0;  // visible, inline ones included
  int64_t inline_bodies = 0;
  int64_t fragments = 0;  // that ought to be there
  int64_t sound = 0, missing = 0, corrupt = 0, unreachable = 0;
  int64_t lost_bodies = 0;  // with fewer than k sound fragments
  std::vector<FragmentReport> bad;
};

struct RehomeReport {
  int64_t regions = 0;  // that were looked at
  int64_t merged = 0;   // merges: bodies that were made; of a region mostly none or one
  int64_t bytes = 0;    // written into them
  int64_t removed = 0;  // extents
  int64_t kept = 0;     // that the catalog did not find covered
  RehomeReport& operator+=(const RehomeReport& more) {
    regions += more.regions, merged += more.merged, bytes += more.bytes, removed += more.removed, kept += more.kept;
    return *this;
  }
};

/// What compaction has cost an object, from the records of its newest ops. Bytes are plaintext bytes of bodies.
struct RehomeCost {
  int64_t put_bytes = 0;      // written before the object had its first name: what it was made of
  int64_t patches = 0;        // WRITEs since, appends included
  int64_t patched_bytes = 0;  // by them
  int64_t rehomes = 0;
  int64_t rewritten_bytes = 0;  // by them, into new bodies
  int64_t ops = 0;              // that were looked at
  bool complete = false;  // they are all that are kept; else put_bytes is 0 and the rest is of the newest `ops` only
  /// Bytes rewritten per byte patched; 0 where nothing was patched.
  double Ratio() const {
    return patched_bytes == 0 ? 0 : static_cast<double>(rewritten_bytes) / static_cast<double>(patched_bytes);
  }
};

/// What a rotation of a bucket's key has done so far.
struct RotationReport {
  uint32_t epoch = 0;       // of the newest bucket key, which bodies are wrapped under
  bool fresh_key = false;   // this call made that one
  int64_t rewrapped = 0;    // bodies
  int64_t passed_over = 0;  // listed, but then wrapped anew by somebody else, or purged
  int64_t unreadable = 0;   // bodies whose key no key of the keyring opens: left as they are
};

struct RotationOptions {
  /// Makes a new bucket key first. False: goes on with a rotation that was interrupted, under the newest key that there is.
  bool fresh_key = true;
  /// Bodies of one step, 1 to 10,000: a transaction of the catalog, and some 170 bytes of each on the wire.
  int32_t page = 1000;
  /// Told after each page of bodies, from the thread that calls.
  std::function<void(const RotationReport& so_far)> progress;
};

struct CloneOptions {
  std::optional<Hlc> as_of;
  /// None: that of the source name, where there is one. What depends on the content (ObjectMetadata::opset) is taken to be of what is
  /// cloned: see if_opset.
  std::optional<ObjectMetadata> metadata;
  bool if_none_match = false;
  std::optional<ObjectId> if_bound_to;  // of the new name, as in PutOptions
  /// Only if the source's content is what this opset describes; else ABORTED. Not with as_of.
  std::optional<Opset> if_opset;
};

/// An open bucket: every operation on its objects. A cheap value; it must not outlive its Client. Threads: any.
///
/// Names and objects: a name is bound to an object (one incarnation of a byte array). Put() makes a new object and binds it;
/// Write() and its kin patch an object in place, each as one immutable patch; Find() gives the object of a name.
/// Offsets and sizes are bytes, ranges half-open. An object has at most 2^43 bytes. Reading what was never written gives zeros.
///
/// Errors common to the writes: NOT_FOUND the object is gone; FAILED_PRECONDITION a condition failed, or the object is
/// sealed (detail pbfs-code says which); INVALID_ARGUMENT an empty write, or a range beyond the limit.
/// Errors common to the reads: NOT_FOUND; DATA_LOSS naming object and range: too many fragments are wrong, or the catalog's
/// answer is forged (detail pbfs-code BAD_RECORD) or older than what was acknowledged (STALE_OR_ROLLBACK); UNAVAILABLE naming
/// object and range: too many stores cannot be reached; OUT_OF_RANGE (HISTORY_EXPIRED).
class Bucket {
 public:
  Bucket(ClientCore* core, std::shared_ptr<const OpenedBucket> state) : core_(core), state_(std::move(state)) {}
  const BucketInfo& info() const;

  // ---- names ---------------------------------------------------------------------------------------------------------------
  /// The object that a name is bound to. Errors: NOT_FOUND; INVALID_ARGUMENT the name.
  Result<ObjectId> Find(const Context& context, const std::string& name, const ReadOptions& options = {});
  Result<ObjectStat> Stat(const Context& context, const std::string& name, const ReadOptions& options = {});
  Result<ObjectStat> Stat(const Context& context, ObjectId object);
  /// What a name is bound to, with [lo, hi) of it ready to be read: one call of the catalog. Errors: NOT_FOUND; those of a read.
  Result<ObjectView> Open(const Context& context, const std::string& name, const ViewOptions& options = {});
  /// A page of the bound names that begin with `prefix`. Errors: INVALID_ARGUMENT the limit, or a text that no name can contain.
  Result<NamePage> ListNames(const Context& context, const std::string& prefix, const ListOptions& options = {});
  /// Binds a name to an object that exists.
  Result<Order> Bind(const Context& context, const std::string& name, ObjectId object, const PutOptions& options = {});
  /// Deletes: the name is no longer bound. The object goes with its last name, its bytes after the bucket's history.
  /// Where versions are kept it gets a delete marker, also if it was not bound. Errors: NOT_FOUND the name is not bound.
  /// With `only`: if it is bound to this object, else FAILED_PRECONDITION.
  Result<Unbound> Unbind(const Context& context, const std::string& name, std::optional<ObjectId> only = {});
  /// One Commit: never none of the names, never both. Replaces what `to` was bound to unless `if_none_match`.
  Result<Order> Rename(const Context& context, const std::string& from, const std::string& to,
                       bool if_none_match = false);
  /// Never older than this client's own newest op on the name: until a catalog has that, it waits.
  Result<std::vector<NameHistoryEntry>> NameHistory(const Context& context, const std::string& name);
  /// Replaces the metadata of an object: whatever is bound to it shows these from now on, sealed or not, until it is bound anew. `seen`:
  /// ObjectStat::meta of what they are made from. Names as they were (as_of) show what was bound.
  /// Errors: FAILED_PRECONDITION somebody else has changed them since; NOT_FOUND the object is gone.
  Result<Order> SetMetadata(const Context& context, ObjectId object, const ObjectMetadata& metadata, const Order& seen);

  // ---- versions ------------------------------------------------------------------------------------------------------------
  /// Whether names keep versions, as far as this client knows. Writes of names find out.
  Versioning versioning() const;
  /// The same in the newest state. Errors: NOT_FOUND.
  Result<Versioning> FindVersioning(const Context& context);
  /// Enables or suspends them. In a bucket that keeps versions each Put, Clone and so on makes one, which stays until it is dropped, and
  /// what names are bound to takes no more writes: PatchVersion. Suspended, they replace the null version: the one that a name had
  /// before, and that is all it has in a bucket that was never enabled. Errors: INVALID_ARGUMENT to turn it off.
  Status SetVersioning(const Context& context, Versioning versioning);
  /// A page of the versions of names that begin with `prefix`. Errors: as of ListNames.
  Result<VersionPage> ListVersions(const Context& context, const std::string& prefix,
                                   const VersionListOptions& options = {});
  /// One version, by its order or kNullVersion, in the newest state. Errors: NOT_FOUND.
  Result<NamedVersion> FindVersion(const Context& context, const std::string& name, const Order& version);
  /// Forgets one version of a name for good, a delete marker perhaps: of the current one, the newest that is left becomes current. A
  /// repeat does nothing. Errors: NOT_FOUND there never was such a version; FAILED_PRECONDITION the bucket never kept any.
  Result<Order> DropVersion(const Context& context, const std::string& name, const Order& version);
  /// The same for who decided by its metadata, a lock perhaps: nobody changes those of a version that is gone, and where somebody has
  /// changed them since it was `seen` it stays. Errors also: FAILED_PRECONDITION they were changed, or it was dropped: look again.
  Result<Order> DropVersion(const Context& context, const NamedVersion& seen);
  /// Binds the name again to the object that it had last: undoes a delete, while the object is not reaped yet.
  Result<ObjectId> Restore(const Context& context, const std::string& name);

  // ---- writes --------------------------------------------------------------------------------------------------------------
  /// A new object with all of `source`, then bound to `name`: until then nobody sees it. Memory is bounded whatever its
  /// size. Of an unsuccessful put nothing is left that anybody sees.
  Result<Written> Put(const Context& context, const std::string& name, ByteSource& source,
                      const PutOptions& options = {});
  Result<Written> Put(const Context& context, const std::string& name, ByteSpan bytes, const PutOptions& options = {});
  /// A new object without a name: it lives for a day unless it gets one (Bind).
  Result<Written> Create(const Context& context, ByteSource& source);

  /// A new object to be written in pieces. `context` is that of all of it.
  std::unique_ptr<ObjectWriter> NewObject(const Context& context);

  /// Bytes at any offset. Up to 64 MiB: one patch, all or nothing for every reader. More: patches that end at region borders
  /// (64 MiB), each atomic; with if_opset only the first is conditional.
  Result<Written> Write(const Context& context, ObjectId object, int64_t offset, ByteSpan bytes,
                        const WriteOptions& options = {});
  Result<Written> Write(const Context& context, ObjectId object, int64_t offset, ByteSource& source,
                        const WriteOptions& options = {});
  /// Several ranges at once, all or nothing, in any order; they must not overlap. All of them together at most 5 GiB.
  Result<Written> WriteRanges(const Context& context, ObjectId object, const std::vector<RangeWrite>& ranges,
                              const WriteOptions& options = {});
  /// Ranges to be added in pieces. `context` is that of all of them.
  std::unique_ptr<RangeWriter> NewRanges(const Context& context);
  /// Those that were added; waits for all. Whoever is refused may write them again, elsewhere perhaps (PlaceAt), without another upload.
  /// Errors: INVALID_ARGUMENT also if they overlap; UNAVAILABLE also if the last piece came an hour after the first: send all of them
  /// again; NOT_FOUND also if they were added for another bucket.
  Result<Written> WriteRanges(const Context& context, ObjectId object, RangeWriter& ranges,
                              const WriteOptions& options = {});
  /// At the end, wherever that is when it is committed: appends never overwrite each other. At most 64 MiB, in one piece.
  /// Errors: ABORTED it lost too many races.
  Result<Written> Append(const Context& context, ObjectId object, ByteSpan bytes);
  /// The same for more: pieces of at most 64 MiB, each appended by itself.
  Result<Written> Append(const Context& context, ObjectId object, ByteSource& source);
  /// Sets the size: cuts, or extends with zeros.
  Result<Written> Truncate(const Context& context, ObjectId object, int64_t size, const WriteOptions& options = {});
  /// Zeros [lo, hi), and extends the object to hi if it was shorter.
  Result<Written> Zero(const Context& context, ObjectId object, int64_t lo, int64_t hi,
                       const WriteOptions& options = {});
  /// No op but rehome is accepted any more; sealed objects can be cloned by reference. Only for objects without a name.
  Result<Order> Seal(const Context& context, ObjectId object);

  /// One Commit: a new object of all of `from`, which is sealed, with these ranges written over it, bound to `name`: a new version that
  /// costs what is written, while the old one keeps its bytes. `options` as of a Put: metadata, and what the name must be bound to.
  /// Errors: FAILED_PRECONDITION also if a name shows `from` in a bucket that never kept versions; ABORTED it was written to meanwhile.
  Result<Written> PatchVersion(const Context& context, const std::string& name, ObjectId from,
                               const std::vector<RangeWrite>& ranges, const PutOptions& options = {});
  /// The same of ranges that were added in pieces; errors also as of WriteRanges.
  Result<Written> PatchVersion(const Context& context, const std::string& name, ObjectId from, RangeWriter& ranges,
                               const PutOptions& options = {});
  /// The same with another size: cut, or extended with zeros.
  Result<Written> ResizeVersion(const Context& context, const std::string& name, ObjectId from, int64_t size,
                                const PutOptions& options = {});
  /// The same with [lo, hi) zeroed; extended to hi if it was shorter.
  Result<Written> ZeroVersion(const Context& context, const std::string& name, ObjectId from, int64_t lo, int64_t hi,
                              const PutOptions& options = {});

  /// A new object with the content of `from`, bound to `to`, without moving a byte: one row by reference if the source is
  /// sealed, else the rows of its visible extents.
  Result<Written> Clone(const Context& context, const std::string& from, const std::string& to,
                        const CloneOptions& options = {});
  Result<Written> Clone(const Context& context, ObjectId from, const std::string& to, const CloneOptions& options = {});

  // ---- uploads in parts ----------------------------------------------------------------------------------------------------
  /// Begins an upload of what is to be bound to `name`. One that is neither completed nor aborted ends after 7 days. Parts may be
  /// uploaded side by side, in any order, by several clients. Each call below answers from the newest state.
  /// Errors common to them: NOT_FOUND the upload was completed or aborted, or its time is over; DATA_LOSS (BAD_RECORD) what the
  /// catalog shows of it was made by nobody who has the bucket's key.
  Result<UploadId> CreateUpload(const Context& context, const std::string& name, const ObjectMetadata& metadata = {});
  Result<UploadStat> FindUpload(const Context& context, UploadId upload);
  Result<UploadPage> ListUploads(const Context& context, const UploadListOptions& options = {});
  /// All of `source` as a part, in place of the one of that number. Memory is bounded whatever its size. That there is no such
  /// upload is found out at the end.
  Result<UploadedPart> UploadPart(const Context& context, UploadId upload, int32_t number, ByteSource& source,
                                  const PartMetadata& metadata = {});
  /// The same of what was added to `writer` (NewObject), which is then of no more use.
  Result<UploadedPart> UploadPart(const Context& context, UploadId upload, int32_t number, ObjectWriter& writer,
                                  const PartMetadata& metadata = {});
  /// Bytes [lo, hi) of an object of this bucket as a part, without moving a byte (Clone). Errors: OUT_OF_RANGE it does not have them;
  /// ABORTED its content is not what `if_opset` describes.
  Result<UploadedPart> UploadPartCopy(const Context& context, UploadId upload, int32_t number, ObjectId from,
                                      int64_t lo, int64_t hi, Bytes metadata = {}, std::optional<Opset> if_opset = {});
  /// Parts with a number above `after`.
  Result<UploadPartPage> ListParts(const Context& context, UploadId upload, int32_t after = 0, int32_t limit = 1000);
  /// One Commit: a new object of these parts end to end, in the order given, bound to the upload's name, and the upload ends. No byte
  /// moves. `parts` as ListParts showed them: one that was replaced since counts as it was, or fails.
  /// Errors: NOT_FOUND also on a repeat; ABORTED (SOURCE_GONE) a part is gone; those of Put's conditions.
  Result<Written> CompleteUpload(const Context& context, UploadId upload, const std::vector<UploadedPart>& parts,
                                 const PutOptions& options = {});
  /// Ends the upload; its parts go.
  Status AbortUpload(const Context& context, UploadId upload);

  // ---- reads ---------------------------------------------------------------------------------------------------------------
  /// Fills `out` from `offset` and returns how much of it: less only at the end of the object. On an error `out` holds
  /// nothing that may be used.
  Result<int64_t> Read(const Context& context, ObjectId object, int64_t offset, MutableByteSpan out,
                       const ReadOptions& options = {});
  /// Up to `length` bytes into `sink`, front to back, in bounded memory; returns how many there were. Everything that the
  /// sink got is right, also when an error ends the read.
  Result<int64_t> Read(const Context& context, ObjectId object, int64_t offset, int64_t length, ByteSink& sink,
                       const ReadOptions& options = {});

  // ---- looking and tidying -------------------------------------------------------------------------------------------------
  Result<std::vector<HistoryEntry>> History(const Context& context, ObjectId object, Hlc before = INT64_MAX,
                                            int32_t limit = 1000);
  /// The visible extents of [lo, hi), in order; what was never written is in none.
  Result<std::vector<VisibleExtent>> Extents(const Context& context, ObjectId object, int64_t lo, int64_t hi,
                                             const ReadOptions& options = {});
  /// Reads every fragment of every visible body and says which are sound.
  Result<VerifyReport> Verify(const Context& context, ObjectId object);
  /// Merges extents region by region where `policy` says so (format, section 9.8), until there is nothing more to do.
  /// Readers and writers go on meanwhile. Harmless to repeat; after an error, what was merged stays merged.
  Result<RehomeReport> Rehome(const Context& context, ObjectId object, const RehomePolicy& policy = {});
  /// The same for bytes [region << 26, (region + 1) << 26): several may run side by side, also of one object.
  Result<RehomeReport> RehomeRegion(const Context& context, ObjectId object, int64_t region,
                                    const RehomePolicy& policy = {});
  /// What that has cost so far, from the newest `max_ops` ops or a few more: costs what a History of that many does.
  /// Nothing keeps a count: the records of a live object's ops are all kept. Rehomes of others count as well as this
  /// client's.
  Result<RehomeCost> CostOfRehomes(const Context& context, ObjectId object, int64_t max_ops = 10'000);

  // ---- the bucket's key ----------------------------------------------------------------------------------------------------
  /// Rotates the bucket's key (docs/design/client.md): a new key, sealed to the same recipients, in a keyring signed by the
  /// administrator; then the keys of all bodies are wrapped under it, 72 bytes a body. No body and no record is touched, and
  /// everybody reads and writes meanwhile. Clients that opened the bucket before write under their older key until they meet
  /// the new one; what they commit behind this call's back keeps that, readable all the same.
  /// The new key is durable before the first body is wrapped under it. May be interrupted anywhere and called again: with
  /// fresh_key false it does what is left. Several may run at once, and do each body once; one that finds that another has
  /// just made a new key takes that one (fresh_key of the report is false).
  /// It takes nothing away from who has had the older keys: those stay in the keyring, for records and for whoever reads.
  /// Errors: PERMISSION_DENIED this client may only read, or makes a key without the administrator's; those of OpenBucket().
  /// UNAVAILABLE and DEADLINE_EXCEEDED with the detail pbfs-outcome "in-doubt": there may be a new key, or not; all else is as
  /// it was. After any other error, what was wrapped stays wrapped.
  Result<RotationReport> RotateKey(const Context& context, const RotationOptions& options = {});

 private:
  ClientCore* core_;
  std::shared_ptr<const OpenedBucket> state_;
};

}  // namespace pbfs
