#include "services/repairer/body_repair.h"

#include <algorithm>
#include <optional>

#include "libs/base/mutants.h"
#include "libs/format/body.h"
#include "services/repairer/body_target.h"

namespace pbfs::repairer {
namespace {

bool Contains(const std::vector<uint8_t>& shards, uint8_t shard) {
  return std::find(shards.begin(), shards.end(), shard) != shards.end();
}

class Repair {
 public:
  Repair(const Context& context, const RepairSite& site, const EncodedBody& body, const BodyHeader& header)
      : context_(context),
        site_(site),
        body_(body),
        geometry_(header.GeometryFor(body.encoding.k, body.encoding.n)),
        reader_(context, site, body, geometry_) {}

  BodyRepair Run() {
    std::vector<uint8_t> wanted = Reachable();
    std::erase_if(wanted, [&](uint8_t shard) { return CopyFromSomewhere(shard); });
    if (!wanted.empty()) Rebuild(wanted);
    if (out_.status.code() == StatusCode::kUnavailable && !IsSuspect()) {
      // A client with an old map may have put shards anywhere in the group: what the Commit marked may be there.
      reader_.AskEverywhere();
      std::erase_if(wanted, [&](uint8_t shard) { return Contains(out_.restored, shard) || CopyFromSomewhere(shard); });
      if (!wanted.empty()) Rebuild(wanted);
    }
    if (out_.status.ok() && out_.restored.size() != static_cast<size_t>(std::popcount(body_.missing)))
      out_.status = UnavailableError("the place of a missing shard cannot be reached");
    out_.suspect |= reader_.findings().suspect;
    reader_.findings().suspect = out_.suspect;
    static_cast<BodyFindings&>(out_) = std::move(reader_.findings());
    return std::move(out_);
  }

 private:
  bool IsSuspect() { return out_.suspect || reader_.findings().suspect; }
  // Missing shards whose place can take them.
  std::vector<uint8_t> Reachable() const {
    std::vector<uint8_t> shards;
    const std::vector<StoreId>& places = reader_.places();
    for (uint8_t j = 0; j < body_.encoding.n && j < places.size(); ++j) {
      if (!reader_.IsMissing(j) || site_.is_silent(places[j])) continue;
      const StoreInfo* store = site_.map.FindStore(places[j]);
      if (store != nullptr && store->state == StoreState::kUp) shards.push_back(j);
    }
    return shards;
  }
  BodyTarget TargetOf(uint8_t shard) const {
    return {context_, site_, {body_.encoding.id, shard}, geometry_.FragmentSize(), reader_.places()[shard]};
  }

  // ---- copying ---------------------------------------------------------------------------------------------------------------

  // The store that takes it checks every block, so nothing but the length is looked at here. From its place to its place counts too:
  // the put changes nothing, and says that it is whole.
  bool CopyFromSomewhere(uint8_t shard) {
    const std::vector<StoreId> stores = reader_.MayStandAt(shard);
    return std::any_of(stores.begin(), stores.end(), [&](StoreId from) { return Copy({shard, from}); });
  }
  bool Copy(const ShardSource& source) {
    std::optional<BodyTarget> target;  // begun once the first bytes are here
    const int64_t stripes = BodyReader::WindowStripes(geometry_, 1), segments = geometry_.Segments();
    for (int64_t first = 0; first < segments; first += stripes) {
      const int64_t last = std::min(segments, first + stripes) - 1;
      const int64_t begin = first == 0 ? 0 : geometry_.StripeBegin(first);
      const int64_t end = last + 1 == segments ? geometry_.FragmentSize() : geometry_.StripeEnd(last);
      std::vector<ReadPart> parts = reader_.Read({source}, begin, end);
      if (!parts[0].status.ok()) return false;
      if (!target) target.emplace(TargetOf(source.shard));
      target->Append(std::move(parts[0].bytes));
      if (!target->status().ok()) break;
    }
    return End(*target);
  }
  // True if the shard stands at its place now.
  bool End(BodyTarget& target) {
    target.Finish();
    out_.bytes_written += target.written();
    site_.pacer.EndPiece(context_, target.written());
    if (target.status().ok() || IsMutant(Mutant::kClearsWithoutWriting)) {
      out_.restored.push_back(target.shard());
      reader_.SetRestored(target.shard());
    } else if (target.status().code() == StatusCode::kAlreadyExists) {
      out_.suspect = true;  // the place holds another fragment under this key
    }
    if (!target.status().ok()) out_.status = target.status();
    return target.status().ok();
  }

  // ---- computing -------------------------------------------------------------------------------------------------------------

  void Rebuild(const std::vector<uint8_t>& wanted) {
    out_.status = OkStatus();
    Result<Bytes> trailer = reader_.FindTrailer();
    if (!trailer.ok()) return Fail(trailer.status());
    StripeCheck check = reader_.MakeCheck(*trailer);
    std::vector<BodyTarget> targets;
    targets.reserve(wanted.size());
    for (const uint8_t j : wanted) {
      targets.push_back(TargetOf(j));
      targets.back().Append(Buffer::CopyOf(HeadOf(body_, geometry_, site_.map.site, j)));
    }
    const int64_t stripes = BodyReader::WindowStripes(geometry_, body_.encoding.n), segments = geometry_.Segments();
    for (int64_t first = 0; first < segments; first += stripes) {
      const Status status = RebuildWindow(check, first, std::min(segments, first + stripes), targets);
      if (!status.ok()) return Fail(status);  // the puts are called off
    }
    for (BodyTarget& target : targets) {
      target.Append(Buffer::CopyOf(*trailer));
      End(target);
    }
  }
  void Fail(const Status& status) { out_.status = status.Annotate("body " + body_.body.ToString()); }

  // Whether to read one more than k.
  bool IsChecked() const {
    if (geometry_.leaves) return false;  // k and the leaves are enough
    if (IsMutant(Mutant::kRepairUnchecked)) return false;
    const double part = site_.extra_reads * geometry_.k;
    return static_cast<double>(body_.body.bytes[15]) < part * 256;
  }

  Status RebuildWindow(StripeCheck& check, int64_t first, int64_t last, std::vector<BodyTarget>& targets) {
    std::vector<MutableBuffer> out;
    const auto size = static_cast<size_t>(geometry_.StripeEnd(last - 1) - geometry_.StripeBegin(first));
    for (size_t t = 0; t < targets.size(); ++t) out.emplace_back(size);
    const size_t enough = geometry_.k + (IsChecked() ? 1 : 0);
    PBFS_RETURN_IF_ERROR(reader_.ReadStripes(check, first, last, enough, [&](int64_t i) {
      const int64_t at = geometry_.StripeBegin(i) - geometry_.StripeBegin(first);
      for (size_t t = 0; t < targets.size(); ++t)
        PutBlock(check, geometry_, body_.encoding.id, i, targets[t].shard(), out[t].data() + at);
    }));
    for (size_t t = 0; t < targets.size(); ++t) targets[t].Append(std::move(out[t]).Freeze());
    return OkStatus();
  }

  const Context context_;
  const RepairSite& site_;
  const EncodedBody& body_;
  const Geometry geometry_;
  BodyReader reader_;
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
