#include "tests/simulation/site_checks.h"

#include <bit>
#include <map>
#include <set>

#include <fmt/format.h>

#include "libs/format/fragment.h"
#include "libs/format/stripe_check.h"

namespace pbfs::simulation {
namespace {

constexpr int64_t kAllOfIt = int64_t{1} << 30;

std::vector<EncodedBody> AllBodies(Site& site) {
  const auto bodies = site.catalog.ListEncodings(Context(), {0, {}, kPlacementGroups - 1}, 100'000);
  PBFS_CHECK(bodies.ok());
  return *bodies;
}

/// All fragments of one body, each from its place.
class BodyCheck {
 public:
  BodyCheck(Site& site, const ClusterMap& map, const EncodedBody& body)
      : site_(site),
        body_(body),
        geometry_(BodyHeader::Decode(body.header)->GeometryFor(body.encoding.k, body.encoding.n)),
        places_(SelectShardStores(map, PlacementGroupOf(body.encoding.id), geometry_.n, geometry_.n - geometry_.k)) {}

  void Run() {
    if (places_.stores.size() < geometry_.n) return Find("has fewer places than shards");
    if (body_.missing != 0) return Find("has shards that are marked missing");
    for (uint8_t shard = 0; shard < geometry_.n; ++shard) {
      if (!Fetch(shard)) return;
    }
    for (int64_t i = 0; i < geometry_.Segments(); ++i) CheckStripe(i);
  }

 private:
  void Find(const std::string& what) { site_.findings.Add("all is said to be whole, but a body " + what); }
  bool Fetch(uint8_t shard) {
    const SimulatedStore* const store = site_.FindStore(places_.stores[shard]);
    const FragmentRange all{{body_.encoding.id, shard}, 0, geometry_.FragmentSize()};
    const auto reply = store->disk->StartRead(Context(), {{all}, site_.OperatorToken()}, {})->Wait(Context());
    const Status status = reply.ok() ? reply->parts[0].status : reply.status();
    if (!status.ok()) return Find(fmt::format("lacks a shard: {}", status.message())), false;
    fragments_.push_back(reply->parts[0].bytes);
    return true;
  }
  void CheckStripe(int64_t i) {
    Bytes leaves;
    if (geometry_.leaves) {
      const ByteSpan trailer = fragments_[0].span().subspan(static_cast<size_t>(geometry_.TrailerBegin()));
      const auto parsed = ParseFragmentTrailer(geometry_, trailer);
      if (!parsed.ok()) return Find("has a trailer that cannot be read");
      leaves = ToBytes(parsed->leaves);
    }
    StripeCheck check(geometry_, leaves);
    std::vector<ShardBlock> blocks;
    for (uint8_t shard = 0; shard < geometry_.n; ++shard)
      blocks.push_back({shard, fragments_[shard].data() + geometry_.StripeBegin(i)});
    const StripeCheck::Outcome outcome = check.Take(i, blocks);
    if (outcome.verdict != StripeCheck::Verdict::kSound || !outcome.liars.empty())
      Find("has a shard that does not fit the others");
  }

  Site& site_;
  const EncodedBody& body_;
  const Geometry geometry_;
  const EncodingStores places_;
  std::vector<Buffer> fragments_;
};

}  // namespace

void CheckEverythingIsWhole(Site& site) {
  const auto map = site.catalog.WatchMap(Context(), -1);
  for (const EncodedBody& body : AllBodies(site)) BodyCheck(site, *map, body).Run();
}

void CheckMayBeRemoved(Site& site, const SimulatedStore& leaving) {
  std::map<EncodingId, std::set<uint8_t>> elsewhere;
  for (const auto& store : site.stores) {
    if (store.get() == &leaving || store->removed) continue;
    for (const FragmentInfo& fragment : site.FragmentsOf(*store))
      elsewhere[fragment.key.encoding].insert(fragment.key.shard);
  }
  for (const EncodedBody& body : AllBodies(site)) {
    const auto counted = static_cast<size_t>(body.encoding.n - std::popcount(body.missing));
    site.findings.AddIf(elsewhere[body.encoding.id].size() < counted, "a store is let go that alone has a shard");
  }
}

void CheckNothingIsLeftOver(Site& site, BucketId bucket, ObjectId object) {
  const auto list = site.catalog.List(Context(), {bucket, object, 0, kAllOfIt});
  if (!list.ok()) return site.findings.Add("the object that is left cannot be listed");
  std::set<BodyId> named;
  for (const Extent& extent : list->extents) {
    if (extent.source.kind == SourceKind::kBody) named.insert(extent.source.body);
  }
  std::set<EncodingId> kept;
  for (const EncodedBody& body : AllBodies(site)) {
    site.findings.AddIf(!named.contains(body.body), "a body stays that nothing names");
    kept.insert(body.encoding.id);
  }
  for (const auto& store : site.stores) {
    for (const FragmentInfo& fragment : site.FragmentsOf(*store))
      site.findings.AddIf(!kept.contains(fragment.key.encoding), "a fragment stays that no body has");
  }
  const auto purging = site.catalog.ListPurging(Context(), 1);
  site.findings.AddIf(!purging.ok() || !purging->empty(), "a purge does not end");
}

}  // namespace pbfs::simulation
