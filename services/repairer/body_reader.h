#pragma once

#include <functional>
#include <vector>

#include "libs/catalog/place_groups.h"
#include "libs/format/fragment.h"
#include "libs/format/stripe_check.h"
#include "services/repairer/repair_site.h"

namespace pbfs::repairer {

/// A shard and a store that may have it.
struct ShardSource {
  uint8_t shard = 0;
  StoreId store;
};

/// What reading a body's shards has shown.
struct BodyFindings {
  std::vector<uint8_t> lost;   // these were thought to stand at their places, and did not or were not sound
  std::vector<StoreId> liars;  // whose fragments are wrong under good CRCs
  bool unchecked = false;      // some stripe was taken from exactly k shards: a lie would have passed
  bool suspect = false;        // fragments contradict each other, and which is wrong could not be told
  int64_t bytes_read = 0;
};

/// Reads the shards of one encoding of a body, from wherever the catalog and older versions of the group say that they may stand, and
/// puts stripes together from k of them. Every block's checksum is checked, with leaves (sha256) every segment. Memory: some 8 MiB.
/// Threads: one at a time.
class BodyReader {
 public:
  /// Which sources are asked first. kLast: those with the most parity, to hold them against what is known.
  enum class Order { kFirst, kLast };

  /// All outlive this. `geometry` is the encoding's.
  BodyReader(const Context& context, const RepairSite& site, const EncodedBody& body, const Geometry& geometry,
             Order order = Order::kFirst);

  bool IsMissing(uint8_t shard) const { return (body_.missing >> shard & 1) != 0; }
  const std::vector<StoreId>& places() const { return places_.stores; }
  BodyFindings& findings() { return findings_; }
  /// A missing shard stands at its place by now.
  void SetRestored(uint8_t shard) { restored_ |= uint64_t{1} << shard; }
  /// From now on all stores of the group are asked for shards that are not in their places.
  void AskEverywhere() { everywhere_ = true; }
  /// Where a missing shard may stand.
  std::vector<StoreId> MayStandAt(uint8_t shard) const;

  /// The same range of several fragments, from their stores at once; a part for each.
  std::vector<ReadPart> Read(const std::vector<ShardSource>& from, int64_t begin, int64_t end);

  /// What stands behind the last stripe of every fragment of this encoding; with leaves those of the body's root. Errors: UNAVAILABLE.
  Result<Bytes> FindTrailer();
  /// For ReadStripes, from such a trailer.
  StripeCheck MakeCheck(const Bytes& trailer) const;
  /// How many stripes go into one ReadStripes, if so many fragments of this geometry are in memory.
  static int64_t WindowStripes(const Geometry& geometry, int64_t fragments);
  /// Reads stripes [first, last) from `enough` shards, or as many as there are but no fewer than k, and calls `take` for each in order:
  /// then `check` gives the block of any shard of it. Errors: UNAVAILABLE too few sound shards; DATA_LOSS they contradict each other.
  Status ReadStripes(StripeCheck& check, int64_t first, int64_t last, size_t enough,
                     const std::function<void(int64_t stripe)>& take);

 private:
  /// The sound blocks of some stripes of one shard, as its store gave them.
  struct Piece {
    ShardSource source;
    Buffer bytes;
  };
  bool MayBeRead(StoreId id) const;
  std::vector<ShardSource> Sources() const;
  void NoteSilence(StoreId store, const Status& status);
  std::vector<Piece> Gather(std::vector<ShardSource>& sources, int64_t first, int64_t last, size_t enough);
  void NoteLost(uint8_t shard);
  void NoteLiar(StoreId store);
  ByteSpan BlockAndCrc(const Buffer& window, int64_t i, int64_t first) const;
  bool BlocksFit(const ShardSource& source, const Buffer& window, int64_t first, int64_t last) const;
  Status TakeStripe(StripeCheck& check, int64_t i, int64_t first, int64_t last, std::vector<ShardSource>& sources,
                    std::vector<Piece>& pieces);
  StripeCheck::Outcome Judge(StripeCheck& check, int64_t i, int64_t first, const std::vector<Piece>& pieces) const;

  const Context context_;
  const RepairSite& site_;
  const EncodedBody& body_;
  const Geometry geometry_;
  const Order order_;
  const PlacementGroup& group_;
  const EncodingStores places_;
  uint64_t restored_ = 0;
  bool everywhere_ = false;
  BodyFindings findings_;
};

/// Puts block ‖ CRC of stripe i, of which `check` has taken the blocks, for one shard of `encoding` at `at`.
template <typename Blocks>
void PutBlock(Blocks& blocks, const Geometry& geometry, EncodingId encoding, int64_t i, uint8_t shard, uint8_t* at) {
  const auto size = static_cast<size_t>(geometry.Block(i));
  blocks.BlockOf(shard, at);
  StoreLe(at + size, BlockCrc(encoding, shard, static_cast<uint32_t>(i), {at, size}));
}

/// The head of a shard's fragment.
FragmentHeaderBytes HeadOf(const EncodedBody& body, const Geometry& geometry, SiteId site, uint8_t shard);
/// Does the head of a fragment say that it is this shard of this body?
bool IsHeadOf(ByteSpan bytes, const Shard& shard, const EncodedBody& body);

}  // namespace pbfs::repairer
