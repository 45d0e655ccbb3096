#include "libs/adapters/grpc/repairs_codec.h"

#include <algorithm>

#include "libs/model/limits.h"

namespace pbfs::wire {
namespace {

Result<uint16_t> DecodeGroup(uint32_t group) {
  if (group >= kPlacementGroups) return InvalidArgumentError("there is no such placement group");
  return static_cast<uint16_t>(group);
}

template <size_t N>
Result<std::array<uint8_t, N>> DecodeBytes(const std::string& bytes, const char* what) {
  if (bytes.size() != N) return InvalidArgumentError(std::string(what) + " has another size");
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace

void Encode(const Encoding& encoding, v1::Encoding* out) {
  out->set_id(Text(encoding.id.span()));
  out->set_scheme(encoding.scheme);
  out->set_k(encoding.k);
  out->set_n(encoding.n);
}

Result<Encoding> Decode(const v1::Encoding& in) {
  Encoding encoding;
  PBFS_ASSIGN_OR_RETURN(encoding.id, DecodeId<EncodingId>(in.id(), "encoding id"));
  if (in.scheme() < 1 || in.scheme() > 2 || in.k() < 1 || in.k() > kMaxDataShards || in.n() < in.k() ||
      in.n() > kMaxShards)
    return InvalidArgumentError("an encoding that cannot be");
  encoding.scheme = static_cast<uint8_t>(in.scheme());
  encoding.k = static_cast<uint8_t>(in.k());
  encoding.n = static_cast<uint8_t>(in.n());
  return encoding;
}

void Encode(const EncodedBody& body, v1::EncodedBody* out) {
  out->set_body_id(Text(body.body.span()));
  Encode(body.encoding, out->mutable_encoding());
  out->set_header(Text(body.header));
  out->set_ct_root(Text(body.ct_root));
  out->set_missing(body.missing);
}

Result<EncodedBody> Decode(const v1::EncodedBody& in) {
  EncodedBody body;
  PBFS_ASSIGN_OR_RETURN(body.body, DecodeId<BodyId>(in.body_id(), "body id"));
  PBFS_ASSIGN_OR_RETURN(body.encoding, Decode(in.encoding()));
  PBFS_ASSIGN_OR_RETURN(body.header, DecodeBytes<64>(in.header(), "body header"));
  PBFS_ASSIGN_OR_RETURN(body.ct_root, DecodeBytes<32>(in.ct_root(), "ct_root"));
  if ((in.missing() >> body.encoding.n) != 0) return InvalidArgumentError("missing shards that are none");
  body.missing = in.missing();
  return body;
}

void Encode(const GroupCheck& check, v1::GroupCheck* out) {
  out->set_group(check.group);
  out->set_version(check.version);
  out->set_settled(check.settled);
  if (check.checked_ms) out->set_checked_ms(*check.checked_ms);
}

Result<GroupCheck> Decode(const v1::GroupCheck& in) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t group, DecodeGroup(in.group()));
  GroupCheck check{group, in.version(), in.settled(), {}};
  if (in.has_checked_ms()) check.checked_ms = in.checked_ms();
  return check;
}

Result<GroupRange> Decode(const v1::ListEncodingsRequest& in) {
  GroupRange range;
  PBFS_ASSIGN_OR_RETURN(range.first, DecodeGroup(in.first_group()));
  PBFS_ASSIGN_OR_RETURN(range.after, DecodeId<EncodingId>(in.after(), "encoding id"));
  PBFS_ASSIGN_OR_RETURN(range.last, DecodeGroup(in.last_group()));
  return range;
}

v1::EncodedBodies Encode(const std::vector<EncodedBody>& bodies) {
  v1::EncodedBodies out;
  for (const EncodedBody& body : bodies) Encode(body, out.add_bodies());
  return out;
}

Result<std::vector<EncodedBody>> Decode(const v1::EncodedBodies& in) {
  std::vector<EncodedBody> bodies;
  for (const v1::EncodedBody& message : in.bodies()) {
    PBFS_ASSIGN_OR_RETURN(const EncodedBody body, Decode(message));
    bodies.push_back(body);
  }
  return bodies;
}

void Encode(const Shard& shard, v1::Shard* out) {
  out->set_encoding_id(Text(shard.encoding.span()));
  out->set_number(shard.number);
}

Result<Shard> Decode(const v1::Shard& in) {
  PBFS_ASSIGN_OR_RETURN(const EncodingId encoding, DecodeId<EncodingId>(in.encoding_id(), "encoding id"));
  if (in.number() >= kMaxShards) return InvalidArgumentError("no encoding has so many shards");
  return Shard{encoding, static_cast<uint8_t>(in.number())};
}

void Encode(const GroupVersion& group, v1::GroupVersion* out) {
  out->set_group(group.group);
  out->set_version(group.version);
}

Result<GroupVersion> Decode(const v1::GroupVersion& in) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t group, DecodeGroup(in.group()));
  return GroupVersion{group, in.version()};
}

void Encode(const Redundancy& redundancy, v1::Redundancy* out) {
  for (const auto& [margin, bodies] : redundancy.degraded) (*out->mutable_degraded())[margin] = bodies;
  out->set_suspects(redundancy.suspects);
  out->set_groups(redundancy.groups);
  out->set_backfilling(redundancy.backfilling);
  out->set_unchecked(redundancy.unchecked);
  if (redundancy.oldest_check_ms) out->set_oldest_check_ms(*redundancy.oldest_check_ms);
  out->set_now_ms(redundancy.now_ms);
}

Redundancy Decode(const v1::Redundancy& in) {
  Redundancy redundancy;
  for (const auto& [margin, bodies] : in.degraded()) redundancy.degraded[margin] = bodies;
  redundancy.suspects = in.suspects();
  redundancy.groups = in.groups();
  redundancy.backfilling = in.backfilling();
  redundancy.unchecked = in.unchecked();
  if (in.has_oldest_check_ms()) redundancy.oldest_check_ms = in.oldest_check_ms();
  redundancy.now_ms = in.now_ms();
  return redundancy;
}

}  // namespace pbfs::wire
