#include "libs/adapters/grpc/fragment_codec.h"

#include <string>
#include <utility>

namespace pbfs::wire {
namespace {

std::string Text(ByteSpan bytes) { return std::string(AsText(bytes)); }
Buffer Copy(const std::string& bytes) {
  return bytes.empty() ? Buffer() : Buffer::CopyOf(AsBytes(bytes));
}  // small: a token

}  // namespace

void Encode(const FragmentKey& key, v1::FragmentKey* out) {
  out->set_encoding_id(Text(key.encoding.span()));
  out->set_shard(key.shard);
}

Result<FragmentKey> Decode(const v1::FragmentKey& in) {
  if (in.encoding_id().size() != 16) return InvalidArgumentError("an encoding_id is 16 bytes");
  if (in.shard() > 255) return InvalidArgumentError("shard is out of range");
  return FragmentKey{EncodingId::FromBytes(AsBytes(in.encoding_id())), static_cast<uint8_t>(in.shard())};
}

v1::PutHeader Encode(const PutRequest& request) {
  v1::PutHeader out;
  Encode(request.key, out.mutable_key());
  out.set_length(request.length);
  out.set_token(Text(request.token));
  return out;
}

Result<PutRequest> Decode(const v1::PutHeader& in) {
  PBFS_ASSIGN_OR_RETURN(const FragmentKey key, Decode(in.key()));
  if (in.length() <= 0) return InvalidArgumentError("a put announces the length of its fragment");
  return PutRequest{key, in.length(), Copy(in.token())};
}

v1::ReadRequest Encode(const ReadRequest& request) {
  v1::ReadRequest out;
  for (const FragmentRange& range : request.ranges) {
    auto* part = out.add_ranges();
    Encode(range.key, part->mutable_key());
    part->set_begin(range.begin);
    part->set_end(range.end);
  }
  out.set_token(Text(request.token));
  return out;
}

Result<ReadRequest> Decode(const v1::ReadRequest& in) {
  ReadRequest request;
  request.ranges.reserve(static_cast<size_t>(in.ranges_size()));
  for (const auto& part : in.ranges()) {
    PBFS_ASSIGN_OR_RETURN(const FragmentKey key, Decode(part.key()));
    request.ranges.push_back({key, part.begin(), part.end()});
  }
  request.token = Copy(in.token());
  return request;
}

v1::ListFragmentsRequest Encode(const ListFragmentsRequest& request) {
  v1::ListFragmentsRequest out;
  Encode(request.after, out.mutable_after());
  out.set_limit(request.limit);
  out.set_born_before_ms(request.born_before_ms);
  out.set_only_corrupt(request.only_corrupt);
  out.set_token(Text(request.token));
  return out;
}

Result<ListFragmentsRequest> Decode(const v1::ListFragmentsRequest& in) {
  ListFragmentsRequest request;
  if (in.has_after()) {
    PBFS_ASSIGN_OR_RETURN(request.after, Decode(in.after()));
  }
  request.limit = in.limit();
  request.born_before_ms = in.born_before_ms();
  request.only_corrupt = in.only_corrupt();
  request.token = Copy(in.token());
  return request;
}

void Encode(const ListFragmentsReply& reply, v1::ListFragmentsReply* out) {
  for (const FragmentInfo& info : reply.fragments) {
    auto* fragment = out->add_fragments();
    Encode(info.key, fragment->mutable_key());
    fragment->set_length(info.length);
    fragment->set_sum(info.sum);
    fragment->set_received_ms(info.received_ms);
  }
  out->set_more(reply.more);
}

Result<ListFragmentsReply> Decode(const v1::ListFragmentsReply& in) {
  ListFragmentsReply reply;
  for (const auto& fragment : in.fragments()) {
    PBFS_ASSIGN_OR_RETURN(const FragmentKey key, Decode(fragment.key()));
    reply.fragments.push_back({key, fragment.length(), fragment.sum(), fragment.received_ms()});
  }
  reply.more = in.more();
  return reply;
}

void Encode(const StoreStat& stat, v1::StatReply* out) {
  out->set_store_id(stat.store.value);
  out->set_capacity(stat.capacity);
  out->set_used(stat.used);
  out->set_live(stat.live);
  out->set_fragments(stat.fragments);
  out->set_corrupt(stat.corrupt);
  out->set_scrubbed_ms(stat.scrubbed_ms);
}

StoreStat Decode(const v1::StatReply& in) {
  return {StoreId{in.store_id()}, in.capacity(), in.used(), in.live(), in.fragments(), in.corrupt(), in.scrubbed_ms()};
}

}  // namespace pbfs::wire
