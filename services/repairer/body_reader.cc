#include "services/repairer/body_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/format/body.h"

namespace pbfs::repairer {
namespace {

constexpr int64_t kWindow = 1 << 20;       // of one fragment, read and written at a time,
constexpr int64_t kWindowOfAll = 8 << 20;  // and of all fragments of the body

bool IsLoss(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss;
}

ReadPart Take(PendingRead& read, const Context& context, int64_t size) {
  Result<ReadReply> reply = read.Wait(context);
  if (!reply.ok()) return {reply.status(), {}};
  if (reply->parts.size() != 1) return {DataLossError("the store's answer is cut short"), {}};
  ReadPart part = std::move(reply->parts[0]);
  if (part.status.ok() && static_cast<int64_t>(part.bytes.size()) != size)
    return {DataLossError("the store answered with another length"), {}};
  return part;
}

}  // namespace

BodyReader::BodyReader(const Context& context, const RepairSite& site, const EncodedBody& body,
                       const Geometry& geometry, Order order)
    : context_(context),
      site_(site),
      body_(body),
      geometry_(geometry),
      order_(order),
      group_(site.map.groups[PlacementGroupOf(body.encoding.id)]),
      places_(SelectShardStores(site.map, group_.group, body.encoding.n, body.encoding.n - body.encoding.k)) {}

// ---- who has what ----------------------------------------------------------------------------------------------------------------

bool BodyReader::MayBeRead(StoreId id) const {
  const StoreInfo* store = site_.map.FindStore(id);
  return store != nullptr && store->state != StoreState::kDown && store->state != StoreState::kGone &&
         !site_.is_silent(id);
}

// At its place, if it came late; where the place was before; then with others who are not in the group any more.
std::vector<StoreId> BodyReader::MayStandAt(uint8_t shard) const {
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

std::vector<ShardSource> BodyReader::Sources() const {
  std::vector<ShardSource> sources, doubtful;
  const uint64_t away = body_.missing & ~restored_;
  for (uint8_t j = 0; j < body_.encoding.n; ++j) {
    const bool in_place = (away >> j & 1) == 0;
    if (in_place && j < places_.stores.size() && MayBeRead(places_.stores[j])) {
      const bool up = site_.map.FindStore(places_.stores[j])->state == StoreState::kUp;
      (up ? sources : doubtful).push_back({j, places_.stores[j]});
    }
  }
  if (order_ == Order::kLast) std::reverse(sources.begin(), sources.end());
  for (uint8_t j = 0; j < body_.encoding.n; ++j) {
    if ((away >> j & 1) == 0) continue;
    for (const StoreId id : MayStandAt(j)) doubtful.push_back({j, id});
  }
  sources.insert(sources.end(), doubtful.begin(), doubtful.end());
  return sources;
}

// ---- reading ---------------------------------------------------------------------------------------------------------------------

std::vector<ReadPart> BodyReader::Read(const std::vector<ShardSource>& from, int64_t begin, int64_t end) {
  std::vector<std::shared_ptr<FragmentStore>> held(from.size());
  std::vector<std::unique_ptr<PendingRead>> reads(from.size());
  std::vector<ReadPart> parts(from.size());
  const Context patience = context_.Within(site_.store_timeout);
  for (size_t i = 0; i < from.size(); ++i) {
    auto store = site_.stores.Find(from[i].store);
    parts[i].status = store.status();
    if (!store.ok()) continue;
    held[i] = *store;
    reads[i] = held[i]->StartRead(patience, {{{{body_.encoding.id, from[i].shard}, begin, end}}, site_.token}, {});
  }
  for (size_t i = 0; i < from.size(); ++i) {
    if (reads[i] != nullptr) parts[i] = Take(*reads[i], patience, end - begin);
    NoteSilence(from[i].store, parts[i].status);
    findings_.bytes_read += static_cast<int64_t>(parts[i].bytes.size());
    site_.pacer.EndPiece(context_, static_cast<int64_t>(parts[i].bytes.size()));
  }
  return parts;
}

void BodyReader::NoteSilence(StoreId store, const Status& status) {
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded)
    site_.mark_silent(store);
}

// All fragments of an encoding end alike. Leaves are in there: taken from the first that has those of the body's root.
Result<Bytes> BodyReader::FindTrailer() {
  if (!geometry_.leaves) return MakeFragmentTrailer({}, body_.header);
  for (const ShardSource& source : Sources()) {
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

StripeCheck BodyReader::MakeCheck(const Bytes& trailer) const {
  return {geometry_, geometry_.leaves ? ToBytes(ParseFragmentTrailer(geometry_, trailer)->leaves) : Bytes()};
}

int64_t BodyReader::WindowStripes(const Geometry& geometry, int64_t fragments) {
  const int64_t stripe = geometry.FullBlock() + Geometry::kCrc;
  return std::max<int64_t>(1, std::min(kWindow, kWindowOfAll / fragments) / stripe);
}

Status BodyReader::ReadStripes(StripeCheck& check, int64_t first, int64_t last, size_t enough,
                               const std::function<void(int64_t stripe)>& take) {
  std::vector<ShardSource> sources = Sources();
  std::vector<Piece> pieces = Gather(sources, first, last, enough);
  if (pieces.size() < geometry_.k) {
    if (last - first == 1) return UnavailableError(fmt::format("fewer than {} sound shards are here", geometry_.k));
    // A store refuses a range for one bad block: in smaller ranges each stripe may have its k sound ones.
    const int64_t middle = (first + last) / 2;
    PBFS_RETURN_IF_ERROR(ReadStripes(check, first, middle, enough, take));
    return ReadStripes(check, middle, last, enough, take);
  }
  for (int64_t i = first; i < last; ++i) {
    PBFS_RETURN_IF_ERROR(TakeStripe(check, i, first, last, sources, pieces));
    take(i);
  }
  return OkStatus();
}

// Takes from `sources` whom it asks. Who does not have a shard that should be there has lost it.
std::vector<BodyReader::Piece> BodyReader::Gather(std::vector<ShardSource>& sources, int64_t first, int64_t last,
                                                  size_t enough) {
  std::vector<Piece> pieces;
  while (pieces.size() < enough && !sources.empty()) {
    const size_t count = std::min(enough - pieces.size(), sources.size());
    const std::vector<ShardSource> asked(sources.begin(), sources.begin() + static_cast<ptrdiff_t>(count));
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

void BodyReader::NoteLost(uint8_t shard) {
  std::vector<uint8_t>& lost = findings_.lost;
  if (!IsMissing(shard) && std::find(lost.begin(), lost.end(), shard) == lost.end()) lost.push_back(shard);
}

void BodyReader::NoteLiar(StoreId store) {
  std::vector<StoreId>& liars = findings_.liars;
  if (std::find(liars.begin(), liars.end(), store) == liars.end()) liars.push_back(store);
}

ByteSpan BodyReader::BlockAndCrc(const Buffer& window, int64_t i, int64_t first) const {
  return window.span().subspan(static_cast<size_t>(geometry_.StripeBegin(i) - geometry_.StripeBegin(first)),
                               static_cast<size_t>(geometry_.Block(i) + Geometry::kCrc));
}

bool BodyReader::BlocksFit(const ShardSource& source, const Buffer& window, int64_t first, int64_t last) const {
  for (int64_t i = first; i < last; ++i) {
    if (!CheckBlock(body_.encoding.id, source.shard, static_cast<uint32_t>(i), BlockAndCrc(window, i, first)))
      return false;
  }
  return true;
}

Status BodyReader::TakeStripe(StripeCheck& check, int64_t i, int64_t first, int64_t last,
                              std::vector<ShardSource>& sources, std::vector<Piece>& pieces) {
  StripeCheck::Outcome outcome = Judge(check, i, first, pieces);
  if (outcome.verdict == StripeCheck::Verdict::kContradiction) {
    for (Piece& piece : Gather(sources, first, last, SIZE_MAX)) {
      const auto same = [&](const Piece& other) { return other.source.shard == piece.source.shard; };
      if (std::none_of(pieces.begin(), pieces.end(), same)) pieces.push_back(std::move(piece));
    }
    outcome = Judge(check, i, first, pieces);
  }
  if (outcome.verdict == StripeCheck::Verdict::kContradiction) {
    findings_.suspect = true;
    return DataLossError(fmt::format("the fragments of segment {} contradict each other", i));
  }
  findings_.unchecked |= outcome.verdict == StripeCheck::Verdict::kUnchecked;
  for (const Piece& piece : pieces) {
    if (std::find(outcome.liars.begin(), outcome.liars.end(), piece.source.shard) != outcome.liars.end())
      NoteLiar(piece.source.store);
  }
  return OkStatus();
}

StripeCheck::Outcome BodyReader::Judge(StripeCheck& check, int64_t i, int64_t first,
                                       const std::vector<Piece>& pieces) const {
  std::vector<ShardBlock> blocks;
  for (const Piece& piece : pieces) blocks.push_back({piece.source.shard, BlockAndCrc(piece.bytes, i, first).data()});
  return check.Take(i, blocks);
}

// ---- heads -----------------------------------------------------------------------------------------------------------------------

FragmentHeaderBytes HeadOf(const EncodedBody& body, const Geometry& geometry, SiteId site, uint8_t shard) {
  FragmentHeader header;
  header.geometry = geometry;
  header.shard = shard;
  header.encoding = body.encoding.id;
  header.body = body.body;
  header.site = site;
  header.ct_root = body.ct_root;
  return header.Encode();
}

bool IsHeadOf(ByteSpan bytes, const Shard& shard, const EncodedBody& body) {
  const Result<FragmentHeader> head = FragmentHeader::Decode(bytes);
  return head.ok() && head->encoding == shard.encoding && head->shard == shard.number && head->body == body.body &&
         head->geometry.k == body.encoding.k && head->geometry.n == body.encoding.n && head->ct_root == body.ct_root;
}

}  // namespace pbfs::repairer
