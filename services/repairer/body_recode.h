#pragma once

#include <vector>

#include "services/repairer/body_reader.h"

namespace pbfs::repairer {

/// What came of giving a body another encoding. Until the catalog is told, nothing of it counts: the fragments are orphans, which the
/// sweep finds.
struct BodyRecode : BodyFindings {                // of the old encoding
  std::vector<std::array<uint8_t, 64>> receipts;  // of all n shards of the new one
  int64_t bytes_written = 0;
  Status status;  // OK if all of the new encoding is durable and was looked at; else why not
};

/// Which part of all bodies is read back whole after they were written.
inline constexpr int kReadBackOneIn = 16;

/// Reads a body by the rules of RepairBody, codes it anew as `encoding` (a fresh id), and puts all its fragments at their places. Their
/// stores check each whole before they give a receipt. Then the heads of all are read back, and of one body in kReadBackOneIn every
/// stripe, from those k of the new shards that have the most parity in them, and held against what was written.
///
/// In crc32c mode one shard more than k is read of every body: the old encoding is deleted later, and with it the means to find a lie
/// that was written on (ADR 0016). So a body with no more than k sound shards is left alone until it was repaired; unless it never had
/// any more. Integrity, header, segments and leaves stay as they are, only the shards differ. Errors: UNAVAILABLE too few sound shards, or a place
/// that does not answer: try again later; DATA_LOSS they contradict each other, or what was read back is wrong.
/// Memory: some 24 MiB. Threads: any number at once, for different bodies.
BodyRecode RecodeBody(const Context& context, const RepairSite& site, const EncodedBody& body,
                      const Encoding& encoding);

/// A placement group for an encoding of n shards, m of which may be lost: that of `like` if the stores at all of its places are up and
/// not silent, so that the body stays where it is as far as it goes, else one of others that `random` gives. Errors: UNAVAILABLE.
Result<uint16_t> ChooseGroupLike(EncodingId like, int n, int m, const RepairSite& site, Random& random);

}  // namespace pbfs::repairer
