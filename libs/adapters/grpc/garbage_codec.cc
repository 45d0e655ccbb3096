#include "libs/adapters/grpc/garbage_codec.h"

#include "libs/model/limits.h"

namespace pbfs::wire {

void Encode(const PurgingBody& body, v1::PurgingBody* out) {
  out->set_body_id(Text(body.body.span()));
  if (body.encoding) out->set_encoding_id(Text(body.encoding->span()));
  out->set_n(body.n);
}

Result<PurgingBody> Decode(const v1::PurgingBody& in) {
  PurgingBody body;
  PBFS_ASSIGN_OR_RETURN(body.body, DecodeId<BodyId>(in.body_id(), "body id"));
  if (!in.encoding_id().empty()) {
    PBFS_ASSIGN_OR_RETURN(body.encoding, DecodeId<EncodingId>(in.encoding_id(), "encoding id"));
  }
  if (in.n() < 1 || in.n() > kMaxShards) return InvalidArgumentError("a number of shards that no encoding has");
  body.n = in.n();
  return body;
}

void Encode(const CollectorPass& pass, v1::CollectorPass* out) {
  out->set_kind(pass.kind);
  out->set_ended_ms(pass.ended_ms);
  out->set_took_ms(pass.took_ms);
  out->set_trouble(pass.trouble);
  for (const auto& [what, count] : pass.done) (*out->mutable_done())[what] = count;
}

Result<CollectorPass> Decode(const v1::CollectorPass& in) {
  constexpr size_t kMaxTrouble = 4096, kMaxKinds = 64;
  if (in.kind() != "catalog" && in.kind() != "tombstones" && in.kind() != "stores")
    return InvalidArgumentError("a pass is one of catalog, tombstones, stores");
  if (in.trouble().size() > kMaxTrouble || in.done_size() > static_cast<int>(kMaxKinds))
    return InvalidArgumentError("a report that is too long");
  CollectorPass pass{in.kind(), in.ended_ms(), in.took_ms(), in.trouble(), {}};
  for (const auto& [what, count] : in.done()) pass.done[what] = count;
  return pass;
}

void Encode(const GarbageState& state, v1::GarbageState* out) {
  out->set_now_ms(state.now_ms);
  out->set_timeline(state.timeline), out->set_thawed_timeline(state.thawed_timeline);
  out->set_expired_objects(state.expired_objects), out->set_unbound_objects(state.unbound_objects);
  out->set_reaped_objects(state.reaped_objects);
  out->set_bodies(state.bodies), out->set_bytes(state.bytes);
  if (state.since_ms) out->set_since_ms(*state.since_ms);
  out->set_purging_bodies(state.purging_bodies), out->set_marked_encodings(state.marked_encodings);
  if (state.asked_ms) out->set_asked_ms(*state.asked_ms);
  for (const CollectorPass& pass : state.passes) Encode(pass, out->add_passes());
}

Result<GarbageState> Decode(const v1::GarbageState& in) {
  GarbageState state;
  state.now_ms = in.now_ms();
  state.timeline = in.timeline(), state.thawed_timeline = in.thawed_timeline();
  state.expired_objects = in.expired_objects(), state.unbound_objects = in.unbound_objects();
  state.reaped_objects = in.reaped_objects();
  state.bodies = in.bodies(), state.bytes = in.bytes();
  if (in.has_since_ms()) state.since_ms = in.since_ms();
  state.purging_bodies = in.purging_bodies(), state.marked_encodings = in.marked_encodings();
  if (in.has_asked_ms()) state.asked_ms = in.asked_ms();
  for (const v1::CollectorPass& message : in.passes()) {
    PBFS_ASSIGN_OR_RETURN(state.passes.emplace_back(), Decode(message));
  }
  return state;
}

}  // namespace pbfs::wire
