#include "services/repairer/body_repair.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/format/body.h"
#include "libs/format/fragment.h"
#include "libs/format/stripe_check.h"

namespace pbfs::repairer {
namespace {

constexpr int64_t kWindow = 1 << 20;       // of one fragment, read and written at a time,
constexpr int64_t kWindowOfAll = 8 << 20;  // and of all fragments of the body

bool Contains(const std::vector<uint8_t>& shards, uint8_t shard) {
  return std::find(shards.begin(), shards.end(), shard) != shards.end();
}

/// A shard and a store that may have it.
struct Source {
  uint8_t shard = 0;
  StoreId store;
};

/// A fragment on its way to its place. After an error it takes nothing more.
class Target {
 public:
  Target(const Context& context, const RepairSite& site, const FragmentKey& key, int64_t size, StoreId store)
      : context_(context), site_(site), shard_(key.shard), store_(store) {
    auto found = site.stores.Find(store);
    status_ = found.status();
    if (!found.ok()) return;
    held_ = *found;
    writer_ = held_->StartPut(context, {key, size, site.token}, {});
  }
  uint8_t shard() const { return shard_; }
  const Status& status() const { return status_; }
  void Append(Buffer bytes) {
    if (!status_.ok()) return;
    written_ += static_cast<int64_t>(bytes.size());
    Note(writer_->Append(context_.Within(site_.store_timeout), std::move(bytes)));
  }
  /// All is there: waits until it is durable.
  void Finish() {
    if (status_.ok()) Note(writer_->Finish(context_.Within(site_.store_timeout)).status());
  }
  int64_t written() const { return written_; }

 private:
  void Note(const Status& status) {
    if (status.ok()) return;
    status_ = status.Annotate(fmt::format("store {}", store_.value));
    writer_ = nullptr;
    if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded)
      site_.mark_silent(store_);
  }
  const Context context_;
  const RepairSite& site_;
  const uint8_t shard_;
  const StoreId store_;
  std::shared_ptr<FragmentStore> held_;  // outlives the writer
  std::unique_ptr<FragmentWriter> writer_;
  Status status_;
  int64_t written_ = 0;
};

class Repair {
 public:
  Repair(const Context& context, const RepairSite& site, const EncodedBody& body, const BodyHeader& header)
      : context_(context),
        site_(site),
        body_(body),
        geometry_(header.GeometryFor(body.encoding.k, body.encoding.n)),
        group_(site.map.groups[PlacementGroupOf(body.encoding.id)]),
        places_(SelectShardStores(site.map, group_.group, body.encoding.n, body.encoding.n - body.encoding.k)) {}

  BodyRepair Run() {
    std::vector<uint8_t> wanted = Reachable();
    std::erase_if(wanted, [&](uint8_t shard) { return CopyFromSomewhere(shard); });
    if (!wanted.empty()) Rebuild(wanted);
    if (out_.status.code() == StatusCode::kUnavailable && !out_.suspect) {
      // A client with an old map may have put shards anywhere in the group: what the Commit marked may be there.
      everywhere_ = true;
      std::erase_if(wanted, [&](uint8_t shard) { return Contains(out_.restored, shard) || CopyFromSomewhere(shard); });
      if (!wanted.empty()) Rebuild(wanted);
    }
    if (out_.status.ok() && out_.restored.size() != static_cast<size_t>(std::popcount(body_.missing)))
      out_.status = UnavailableError("the place of a missing shard cannot be reached");
    return std::move(out_);
  }

 private:
  // ---- who has what ----------------------------------------------------------------------------------------------------------

  bool IsMissing(uint8_t shard) const { return (body_.missing >> shard & 1) != 0; }
  bool MayBeRead(StoreId id) const {
    const StoreInfo* store = site_.map.FindStore(id);
    return store != nullptr && store->state != StoreState::kDown && store->state != StoreState::kGone &&
           !site_.is_silent(id);
  }
  // Missing shards whose place can take them.
  std::vector<uint8_t> Reachable() const {
    std::vector<uint8_t> shards;
    for (uint8_t j = 0; j < body_.encoding.n && j < places_.stores.size(); ++j) {
      if (!IsMissing(j) || site_.is_silent(places_.stores[j])) continue;
      const StoreInfo* store = site_.map.FindStore(places_.stores[j]);
      if (store != nullptr && store->state == StoreState::kUp) shards.push_back(j);
    }
    return shards;
  }
  // Where a missing shard may stand: at its place, if it came late; where the place was before; then with others who are not in the
  // group any more.
  std::vector<StoreId> MayStandAt(uint8_t shard) const {
    std::vector<StoreId> before;
    const auto add = [&](StoreId id) {
      if (MayBeRead(id) && std::find(before.begin(), before.end(), id) == before.end()) before.push_back(id);
    };
    if (shard < places_.stores.size()) add(places_.stores[shard]);
    if (shard < group_.previous.size()) add(group_.previous[shard]);
    for (const StoreId id : group_.previous) {
      if (std::find(group_.stores.begin(), group_.stores.end(), id) == group_.stores.end()) add(id);
    }
    if (everywhere_) std::for_each(group_.stores.begin(), group_.stores.end(), add);
    return before;
  }
  std::vector<Source> Sources() const {
    std::vector<Source> sources, doubtful;
    for (uint8_t j = 0; j < body_.encoding.n; ++j) {
      const bool in_place = !IsMissing(j) || Contains(out_.restored, j);
      if (in_place && j < places_.stores.size() && MayBeRead(places_.stores[j])) {
        const bool up = site_.map.FindStore(places_.stores[j])->state == StoreState::kUp;
        (up ? sources : doubtful).push_back({j, places_.stores[j]});
      }
    }
    for (uint8_t j = 0; j < body_.encoding.n; ++j) {
      if (!IsMissing(j) || Contains(out_.restored, j)) continue;
      for (const StoreId id : MayStandAt(j)) doubtful.push_back({j, id});
    }
    sources.insert(sources.end(), doubtful.begin(), doubtful.end());
    return sources;
  }
  FragmentKey KeyOf(uint8_t shard) const { return {body_.encoding.id, shard}; }

  // ---- reading ---------------------------------------------------------------------------------------------------------------

  // The same range of several fragments, from their stores at once.
  std::vector<ReadPart> Read(const std::vector<Source>& from, int64_t begin, int64_t end) {
    std::vector<std::shared_ptr<FragmentStore>> held(from.size());
    std::vector<std::unique_ptr<PendingRead>> reads(from.size());
    std::vector<ReadPart> parts(from.size());
    const Context patience = context_.Within(site_.store_timeout);
    for (size_t i = 0; i < from.size(); ++i) {
      auto store = site_.stores.Find(from[i].store);
      parts[i].status = store.status();
      if (!store.ok()) continue;
      held[i] = *store;
      reads[i] = held[i]->StartRead(patience, {{{KeyOf(from[i].shard), begin, end}}, site_.token}, {});
    }
    for (size_t i = 0; i < from.size(); ++i) {
      if (reads[i] != nullptr) parts[i] = Take(*reads[i], patience, end - begin);
      NoteSilence(from[i].store, parts[i].status);
      out_.bytes_read += static_cast<int64_t>(parts[i].bytes.size());
      site_.pacer.EndPiece(context_, static_cast<int64_t>(parts[i].bytes.size()));
    }
    return parts;
  }
  static ReadPart Take(PendingRead& read, const Context& context, int64_t size) {
    Result<ReadReply> reply = read.Wait(context);
    if (!reply.ok()) return {reply.status(), {}};
    if (reply->parts.size() != 1) return {DataLossError("the store's answer is cut short"), {}};
    ReadPart part = std::move(reply->parts[0]);
    if (part.status.ok() && static_cast<int64_t>(part.bytes.size()) != size)
      return {DataLossError("the store answered with another length"), {}};
    return part;
  }
  void NoteSilence(StoreId store, const Status& status) {
    if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded)
      site_.mark_silent(store);
  }
  int64_t WindowStripes(int64_t shards) const {
    const int64_t stripe = geometry_.FullBlock() + Geometry::kCrc;
    return std::max<int64_t>(1, std::min(kWindow, kWindowOfAll / shards) / stripe);
  }

  // ---- copying ---------------------------------------------------------------------------------------------------------------

  // The store that takes it checks every block, so nothing but the length is looked at here. From its place to its place counts too:
  // the put changes nothing, and says that it is whole.
  bool CopyFromSomewhere(uint8_t shard) {
    const std::vector<StoreId> stores = MayStandAt(shard);
    return std::any_of(stores.begin(), stores.end(), [&](StoreId from) { return Copy({shard, from}); });
  }
  bool Copy(const Source& source) {
    std::optional<Target> target;  // begun once the first bytes are here
    const int64_t stripes = WindowStripes(1), segments = geometry_.Segments();
    for (int64_t first = 0; first < segments; first += stripes) {
      const int64_t last = std::min(segments, first + stripes) - 1;
      const int64_t begin = first == 0 ? 0 : geometry_.StripeBegin(first);
      const int64_t end = last + 1 == segments ? geometry_.FragmentSize() : geometry_.StripeEnd(last);
      std::vector<ReadPart> parts = Read({source}, begin, end);
      if (!parts[0].status.ok()) return false;
      if (!target)
        target.emplace(context_, site_, KeyOf(source.shard), geometry_.FragmentSize(), places_.stores[source.shard]);
      target->Append(std::move(parts[0].bytes));
      if (!target->status().ok()) break;
    }
    return End(*target);
  }
  // True if the shard stands at its place now.
  bool End(Target& target) {
    target.Finish();
    out_.bytes_written += target.written();
    site_.pacer.EndPiece(context_, target.written());
    if (target.status().ok() || IsMutant(Mutant::kClearsWithoutWriting)) {
      out_.restored.push_back(target.shard());
    } else if (target.status().code() == StatusCode::kAlreadyExists) {
      out_.suspect = true;  // the place holds another fragment under this key
    }
    if (!target.status().ok()) out_.status = target.status();
    return target.status().ok();
  }

  // ---- computing -------------------------------------------------------------------------------------------------------------

  void Rebuild(const std::vector<uint8_t>& wanted) {
    out_.status = OkStatus();
    Result<Bytes> trailer = FindTrailer();
    if (!trailer.ok()) return Fail(trailer.status());
    StripeCheck check(geometry_, geometry_.leaves ? LeavesIn(*trailer) : Bytes());
    std::vector<Target> targets;
    targets.reserve(wanted.size());
    for (const uint8_t j : wanted) {
      targets.emplace_back(context_, site_, KeyOf(j), geometry_.FragmentSize(), places_.stores[j]);
      targets.back().Append(Buffer::CopyOf(HeadOf(j)));
    }
    const int64_t stripes = WindowStripes(body_.encoding.n), segments = geometry_.Segments();
    for (int64_t first = 0; first < segments; first += stripes) {
      const Status status = RebuildWindow(check, first, std::min(segments, first + stripes), targets);
      if (!status.ok()) return Fail(status);  // the puts are called off
    }
    for (Target& target : targets) {
      target.Append(Buffer::CopyOf(*trailer));
      End(target);
    }
  }
  void Fail(const Status& status) { out_.status = status.Annotate("body " + body_.body.ToString()); }

  FragmentHeaderBytes HeadOf(uint8_t shard) const {
    FragmentHeader header;
    header.geometry = geometry_;
    header.shard = shard;
    header.encoding = body_.encoding.id;
    header.body = body_.body;
    header.site = site_.map.site;
    header.ct_root = body_.ct_root;
    return header.Encode();
  }

  // All fragments of an encoding end alike. Leaves are in there: taken from the first that has those of the body's root.
  Result<Bytes> FindTrailer() {
    if (!geometry_.leaves) return MakeFragmentTrailer({}, body_.header);
    for (const Source& source : Sources()) {
      const std::vector<ReadPart> parts = Read({source}, geometry_.TrailerBegin(), geometry_.FragmentSize());
      if (!parts[0].status.ok()) continue;
      const auto trailer = ParseFragmentTrailer(geometry_, parts[0].bytes);
      if (trailer.ok() && trailer->header == body_.header &&
          CiphertextRoot(body_.header, geometry_.Segments(), trailer->leaves) == body_.ct_root)
        return ToBytes(parts[0].bytes);
      NoteLiar(source.store);
    }
    return UnavailableError("no store gives the leaves of its segments");
  }
  Bytes LeavesIn(const Bytes& trailer) const { return ToBytes(ParseFragmentTrailer(geometry_, trailer)->leaves); }

  // Whether to read one more than k.
  bool IsChecked() const {
    if (geometry_.leaves) return false;  // k and the leaves are enough
    if (IsMutant(Mutant::kRepairUnchecked)) return false;
    const double part = site_.extra_reads * geometry_.k;
    return static_cast<double>(body_.body.bytes[15]) < part * 256;
  }

  // The sound blocks of stripes [first, last) of one shard, if its store gave them.
  struct Piece {
    Source source;
    Buffer bytes;
  };
  Status RebuildWindow(StripeCheck& check, int64_t first, int64_t last, std::vector<Target>& targets) {
    std::vector<Source> sources = Sources();
    const size_t enough = geometry_.k + (IsChecked() ? 1 : 0);
    std::vector<Piece> pieces = Gather(sources, first, last, enough);
    if (pieces.size() < geometry_.k) {
      if (last - first == 1) return UnavailableError(fmt::format("fewer than {} sound shards are here", geometry_.k));
      // A store refuses a range for one bad block: in smaller ranges each stripe may have its k sound ones.
      const int64_t middle = (first + last) / 2;
      PBFS_RETURN_IF_ERROR(RebuildWindow(check, first, middle, targets));
      return RebuildWindow(check, middle, last, targets);
    }
    std::vector<MutableBuffer> out;
    const auto size = static_cast<size_t>(geometry_.StripeEnd(last - 1) - geometry_.StripeBegin(first));
    for (size_t t = 0; t < targets.size(); ++t) out.emplace_back(size);
    for (int64_t i = first; i < last; ++i) {
      PBFS_RETURN_IF_ERROR(TakeStripe(check, i, first, last, sources, pieces));
      for (size_t t = 0; t < targets.size(); ++t) PutBlock(check, i, first, targets[t].shard(), out[t]);
    }
    for (size_t t = 0; t < targets.size(); ++t) targets[t].Append(std::move(out[t]).Freeze());
    return OkStatus();
  }
  // Takes from `sources` whom it asks. Who does not have a shard that should be there has lost it.
  std::vector<Piece> Gather(std::vector<Source>& sources, int64_t first, int64_t last, size_t enough) {
    std::vector<Piece> pieces;
    while (pieces.size() < enough && !sources.empty()) {
      const size_t count = std::min(enough - pieces.size(), sources.size());
      const std::vector<Source> asked(sources.begin(), sources.begin() + static_cast<ptrdiff_t>(count));
      sources.erase(sources.begin(), sources.begin() + static_cast<ptrdiff_t>(count));
      const std::vector<ReadPart> parts = Read(asked, geometry_.StripeBegin(first), geometry_.StripeEnd(last - 1));
      for (size_t i = 0; i < asked.size(); ++i) {
        if (parts[i].status.ok() && BlocksFit(asked[i], parts[i].bytes, first, last)) {
          const auto same = [&](const Piece& piece) { return piece.source.shard == asked[i].shard; };
          if (std::none_of(pieces.begin(), pieces.end(), same)) pieces.push_back({asked[i], parts[i].bytes});
        } else if (parts[i].status.ok() || IsLoss(parts[i].status)) {
          NoteLost(asked[i].shard);
        }
      }
    }
    return pieces;
  }
  static bool IsLoss(const Status& status) {
    return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss;
  }
  void NoteLost(uint8_t shard) {
    if (!IsMissing(shard) && !Contains(out_.lost, shard)) out_.lost.push_back(shard);
  }
  ByteSpan BlockAndCrc(const Buffer& window, int64_t i, int64_t first) const {
    return window.span().subspan(static_cast<size_t>(geometry_.StripeBegin(i) - geometry_.StripeBegin(first)),
                                 static_cast<size_t>(geometry_.Block(i) + Geometry::kCrc));
  }
  bool BlocksFit(const Source& source, const Buffer& window, int64_t first, int64_t last) const {
    for (int64_t i = first; i < last; ++i) {
      if (!CheckBlock(body_.encoding.id, source.shard, static_cast<uint32_t>(i), BlockAndCrc(window, i, first)))
        return false;
    }
    return true;
  }
  Status TakeStripe(StripeCheck& check, int64_t i, int64_t first, int64_t last, std::vector<Source>& sources,
                    std::vector<Piece>& pieces) {
    StripeCheck::Outcome outcome = Judge(check, i, first, pieces);
    if (outcome.verdict == StripeCheck::Verdict::kContradiction) {
      for (Piece& piece : Gather(sources, first, last, SIZE_MAX)) {
        const auto same = [&](const Piece& other) { return other.source.shard == piece.source.shard; };
        if (std::none_of(pieces.begin(), pieces.end(), same)) pieces.push_back(std::move(piece));
      }
      outcome = Judge(check, i, first, pieces);
    }
    if (outcome.verdict == StripeCheck::Verdict::kContradiction) {
      out_.suspect = true;
      return DataLossError(fmt::format("the fragments of segment {} contradict each other", i));
    }
    out_.unchecked |= outcome.verdict == StripeCheck::Verdict::kUnchecked;
    for (const Piece& piece : pieces) {
      if (Contains(outcome.liars, piece.source.shard)) NoteLiar(piece.source.store);
    }
    return OkStatus();
  }
  void NoteLiar(StoreId store) {
    if (std::find(out_.liars.begin(), out_.liars.end(), store) == out_.liars.end()) out_.liars.push_back(store);
  }
  StripeCheck::Outcome Judge(StripeCheck& check, int64_t i, int64_t first, const std::vector<Piece>& pieces) const {
    std::vector<ShardBlock> blocks;
    for (const Piece& piece : pieces) blocks.push_back({piece.source.shard, BlockAndCrc(piece.bytes, i, first).data()});
    return check.Take(i, blocks);
  }
  void PutBlock(StripeCheck& check, int64_t i, int64_t first, uint8_t shard, MutableBuffer& out) const {
    uint8_t* const at = out.data() + (geometry_.StripeBegin(i) - geometry_.StripeBegin(first));
    const auto size = static_cast<size_t>(geometry_.Block(i));
    check.BlockOf(shard, at);
    StoreLe(at + size, BlockCrc(body_.encoding.id, shard, static_cast<uint32_t>(i), {at, size}));
  }

  const Context context_;
  const RepairSite& site_;
  const EncodedBody& body_;
  const Geometry geometry_;
  const PlacementGroup& group_;
  const EncodingStores places_;
  bool everywhere_ = false;  // ask all stores of the group for shards that are not in their places
  BodyRepair out_;
};

}  // namespace

BodyRepair RepairBody(const Context& context, const RepairSite& site, const EncodedBody& body) {
  BodyRepair failed;
  const Result<BodyHeader> header = BodyHeader::Decode(body.header);
  failed.status = header.status();
  if (header.ok()) failed.status = header->GeometryFor(body.encoding.k, body.encoding.n).Check();
  if (failed.status.ok() && PlacementGroupOf(body.encoding.id) >= site.map.groups.size())
    failed.status = UnavailableError("there are no placement groups yet");
  if (!failed.status.ok()) return failed;
  return Repair(context, site, body, *header).Run();
}

}  // namespace pbfs::repairer
