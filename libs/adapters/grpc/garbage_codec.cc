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

}  // namespace pbfs::wire
