#include "libs/adapters/grpc/recodes_codec.h"

#include <algorithm>

#include "libs/model/limits.h"

namespace pbfs::wire {

void Encode(const BodyCount& count, v1::BodyCount* out) {
  out->set_bodies(count.bodies);
  out->set_bytes(count.bytes);
}

BodyCount Decode(const v1::BodyCount& in) { return {in.bodies(), in.bytes()}; }

void Encode(const Recoding& recoding, v1::Recoding* out) {
  out->set_bucket_id(Text(recoding.bucket.span()));
  out->set_name(recoding.name);
  out->set_k(recoding.k);
  out->set_m(recoding.m);
  out->set_changed_ms(recoding.changed_ms);
  if (recoding.left) Encode(*recoding.left, out->mutable_left());
}

Result<Recoding> Decode(const v1::Recoding& in) {
  Recoding recoding;
  PBFS_ASSIGN_OR_RETURN(recoding.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  if (in.k() < 1 || in.k() > kMaxDataShards || in.k() + in.m() > kMaxShards)
    return InvalidArgumentError("a scheme that no bucket can have");
  recoding.name = in.name();
  recoding.k = static_cast<uint8_t>(in.k());
  recoding.m = static_cast<uint8_t>(in.m());
  recoding.changed_ms = in.changed_ms();
  if (in.has_left()) recoding.left = Decode(in.left());
  return recoding;
}

void Encode(const OtherwisePage& page, v1::OtherwisePage* out) {
  for (const EncodedBody& body : page.bodies) Encode(body, out->add_bodies());
  Encode(page.last, out->mutable_last());
  out->set_more(page.more);
}

Result<OtherwisePage> Decode(const v1::OtherwisePage& in) {
  OtherwisePage page;
  for (const v1::EncodedBody& message : in.bodies()) {
    PBFS_ASSIGN_OR_RETURN(const EncodedBody body, Decode(message));
    page.bodies.push_back(body);
  }
  PBFS_ASSIGN_OR_RETURN(page.last, Decode(in.last()));
  page.more = in.more();
  return page;
}

void Encode(const EncodingChange& change, v1::EncodingChange* out) {
  out->set_body_id(Text(change.body.span()));
  out->set_old_encoding_id(Text(change.old.span()));
  Encode(change.encoding, out->mutable_encoding());
  for (const auto& receipt : change.receipts) out->add_receipts(Text(receipt));
}

Result<EncodingChange> Decode(const v1::EncodingChange& in) {
  EncodingChange change;
  PBFS_ASSIGN_OR_RETURN(change.body, DecodeId<BodyId>(in.body_id(), "body id"));
  PBFS_ASSIGN_OR_RETURN(change.old, DecodeId<EncodingId>(in.old_encoding_id(), "encoding id"));
  PBFS_ASSIGN_OR_RETURN(change.encoding, Decode(in.encoding()));
  if (in.receipts_size() > kMaxShards) return InvalidArgumentError("more receipts than an encoding has shards");
  for (const std::string& receipt : in.receipts()) {
    if (receipt.size() != 64) return InvalidArgumentError("a receipt has 64 bytes");
    std::copy(receipt.begin(), receipt.end(), change.receipts.emplace_back().begin());
  }
  return change;
}

void Encode(const RetiredEncoding& retired, v1::RetiredEncoding* out) {
  out->set_encoding_id(Text(retired.encoding.span()));
  out->set_n(retired.n);
}

Result<RetiredEncoding> Decode(const v1::RetiredEncoding& in) {
  RetiredEncoding retired;
  PBFS_ASSIGN_OR_RETURN(retired.encoding, DecodeId<EncodingId>(in.encoding_id(), "encoding id"));
  if (in.n() < 1 || in.n() > kMaxShards) return InvalidArgumentError("a number of shards that no encoding has");
  retired.n = in.n();
  return retired;
}

}  // namespace pbfs::wire
