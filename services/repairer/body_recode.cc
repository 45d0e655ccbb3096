#include "services/repairer/body_recode.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/coding/crc32c.h"
#include "libs/format/body.h"
#include "services/repairer/body_target.h"

namespace pbfs::repairer {
namespace {

/// The ciphertext of stripe i, padded with zeros to k blocks of `geometry`.
template <typename Blocks>
void CopyData(Blocks& blocks, const Geometry& geometry, int64_t i, Bytes& out) {
  const auto block = static_cast<size_t>(geometry.Block(i));
  out.assign(block * geometry.k, 0);
  for (uint8_t j = 0; j < geometry.k; ++j) blocks.BlockOf(j, out.data() + j * block);
  out.resize(static_cast<size_t>(geometry.SegmentCiphertext(i)));
}

class Recode {
 public:
  Recode(const Context& context, const RepairSite& site, const EncodedBody& body, const EncodedBody& anew,
         const BodyHeader& header)
      : context_(context),
        site_(site),
        body_(body),
        anew_(anew),
        from_(header.GeometryFor(body.encoding.k, body.encoding.n)),
        to_(header.GeometryFor(anew.encoding.k, anew.encoding.n)),
        reader_(context, site, body, from_),
        written_(context, site, anew, to_, BodyReader::Order::kLast),
        stripe_(to_) {}

  BodyRecode Run() {
    out_.status = Write();
    if (out_.status.ok()) out_.status = CheckHeads();
    if (out_.status.ok() && body_.body.bytes[15] % kReadBackOneIn == 0) out_.status = ReadBack();
    if (!out_.status.ok()) out_.status = out_.status.Annotate("body " + body_.body.ToString());
    const int64_t read_back = written_.findings().bytes_read;
    static_cast<BodyFindings&>(out_) = std::move(reader_.findings());
    out_.bytes_read += read_back;
    return std::move(out_);
  }

 private:
  // One more than k, where nothing else tells a lie from the truth.
  size_t Enough() const { return from_.k + (from_.leaves || from_.n == from_.k ? 0 : 1); }

  Status Write() {
    if (written_.places().size() != to_.n) return UnavailableError("the group has too few places");
    PBFS_ASSIGN_OR_RETURN(const Bytes old_trailer, reader_.FindTrailer());
    const Bytes leaves = from_.leaves ? ToBytes(ParseFragmentTrailer(from_, old_trailer)->leaves) : Bytes();
    StripeCheck check = reader_.MakeCheck(old_trailer);
    StartTargets();
    const int64_t segments = from_.Segments();
    const int64_t stripes = std::min(BodyReader::WindowStripes(from_, from_.n), BodyReader::WindowStripes(to_, to_.n));
    for (int64_t first = 0; first < segments; first += stripes)
      PBFS_RETURN_IF_ERROR(WriteWindow(check, first, std::min(segments, first + stripes)));
    const Bytes trailer = MakeFragmentTrailer(leaves, body_.header);
    for (BodyTarget& target : targets_) target.Append(Buffer::CopyOf(trailer));
    return Finish();
  }
  void StartTargets() {
    targets_.reserve(to_.n);
    for (uint8_t j = 0; j < to_.n; ++j) {
      const FragmentKey key{anew_.encoding.id, j};
      targets_.emplace_back(context_, site_, key, to_.FragmentSize(), written_.places()[j]);
      targets_.back().Append(Buffer::CopyOf(HeadOf(anew_, to_, site_.map.site, j)));
    }
  }
  Status WriteWindow(StripeCheck& check, int64_t first, int64_t last) {
    std::vector<MutableBuffer> out;
    const auto size = static_cast<size_t>(to_.StripeEnd(last - 1) - to_.StripeBegin(first));
    for (size_t j = 0; j < to_.n; ++j) out.emplace_back(size);
    PBFS_RETURN_IF_ERROR(reader_.ReadStripes(check, first, last, Enough(), [&](int64_t i) {
      CopyData(check, from_, i, data_);
      sums_.push_back(Crc32c(data_));
      const int64_t at = to_.StripeBegin(i) - to_.StripeBegin(first);
      Encode(i);
      for (uint8_t j = 0; j < to_.n; ++j) PutBlock(stripe_, to_, anew_.encoding.id, i, j, out[j].data() + at);
    }));
    if (reader_.findings().unchecked && Enough() > from_.k)
      return UnavailableError("no more than k sound shards are here: it is repaired first");
    for (size_t j = 0; j < to_.n; ++j) {
      targets_[j].Append(std::move(out[j]).Freeze());
      PBFS_RETURN_IF_ERROR(targets_[j].status());
      site_.pacer.EndPiece(context_, static_cast<int64_t>(size));
    }
    return context_.Check();
  }
  // Takes stripe i apart into the blocks of the new geometry.
  void Encode(int64_t i) {
    const auto block = static_cast<size_t>(to_.Block(i));
    data_.resize(block * to_.k, 0);
    std::vector<ShardBlock> blocks;
    for (uint8_t j = 0; j < to_.k; ++j) blocks.push_back({j, data_.data() + j * block});
    stripe_.Assemble(i, blocks);
  }
  Status Finish() {
    for (BodyTarget& target : targets_) target.Finish();
    for (const BodyTarget& target : targets_) {
      out_.bytes_written += target.written();
      PBFS_RETURN_IF_ERROR(target.status());
      out_.receipts.push_back(*target.receipt());
    }
    return OkStatus();
  }

  // ---- verifying -------------------------------------------------------------------------------------------------------------

  Status CheckHeads() {
    std::vector<ShardSource> all;
    for (uint8_t j = 0; j < to_.n; ++j) all.push_back({j, written_.places()[j]});
    const std::vector<ReadPart> parts = written_.Read(all, 0, Geometry::kFragmentHeader);
    for (uint8_t j = 0; j < to_.n; ++j) {
      PBFS_RETURN_IF_ERROR(parts[j].status);
      if (!IsHeadOf(parts[j].bytes, {anew_.encoding.id, j}, anew_))
        return DataLossError(fmt::format("store {} has another fragment than was put there", all[j].store.value));
    }
    return OkStatus();
  }
  Status ReadBack() {
    PBFS_ASSIGN_OR_RETURN(const Bytes trailer, written_.FindTrailer());
    StripeCheck check = written_.MakeCheck(trailer);
    const int64_t stripes = BodyReader::WindowStripes(to_, to_.n), segments = to_.Segments();
    bool same = true;
    for (int64_t first = 0; first < segments && same; first += stripes) {
      const int64_t last = std::min(segments, first + stripes);
      PBFS_RETURN_IF_ERROR(written_.ReadStripes(check, first, last, to_.k, [&](int64_t i) {
        CopyData(check, to_, i, data_);
        same = same && Crc32c(data_) == sums_[static_cast<size_t>(i)];
      }));
    }
    return same ? OkStatus() : DataLossError("what was read back is not what was written");
  }

  const Context context_;
  const RepairSite& site_;
  const EncodedBody& body_;
  const EncodedBody& anew_;
  const Geometry from_, to_;
  BodyReader reader_, written_;
  Stripe stripe_;
  std::vector<BodyTarget> targets_;
  Bytes data_;                  // of the stripe at hand
  std::vector<uint32_t> sums_;  // of the ciphertext of each segment
  BodyRecode out_;
};

}  // namespace

BodyRecode RecodeBody(const Context& context, const RepairSite& site, const EncodedBody& body,
                      const Encoding& encoding) {
  BodyRecode failed;
  const Result<BodyHeader> header = BodyHeader::Decode(body.header);
  failed.status = header.status();
  for (const Encoding& of : {body.encoding, encoding}) {
    if (failed.status.ok()) failed.status = header->GeometryFor(of.k, of.n).Check();
    if (failed.status.ok() && PlacementGroupOf(of.id) >= site.map.groups.size())
      failed.status = UnavailableError("there are no placement groups yet");
  }
  if (!failed.status.ok()) return failed;
  EncodedBody anew = body;
  anew.encoding = encoding;
  anew.missing = 0;
  return Recode(context, site, body, anew, *header).Run();
}

Result<uint16_t> ChooseGroupLike(EncodingId like, int n, int m, const RepairSite& site, Random& random) {
  constexpr int kTries = 256;
  const auto takes = [&](StoreId id) {
    const StoreInfo* store = site.map.FindStore(id);
    return store != nullptr && store->state == StoreState::kUp && !site.is_silent(id);
  };
  const auto fits = [&](uint16_t group) {
    const std::vector<StoreId> places = SelectShardStores(site.map, group, n, m).stores;
    return static_cast<int>(places.size()) == n && std::all_of(places.begin(), places.end(), takes);
  };
  if (site.map.groups.empty()) return UnavailableError("there are no placement groups yet");
  uint16_t group = PlacementGroupOf(like);
  for (int tries = 0; tries < kTries; ++tries) {
    if (fits(group)) return group;
    group = static_cast<uint16_t>(random.Below(site.map.groups.size()));
  }
  return UnavailableError(fmt::format("no placement group has {} stores that are all up", n));
}

}  // namespace pbfs::repairer
