#include "libs/adapters/grpc/catalog_codec.h"

#include <cstring>
#include <memory>
#include <utility>

namespace pbfs::wire {

Buffer TakeBuffer(std::string* bytes) {
  if (bytes->empty()) return {};
  auto owner = std::make_shared<const std::string>(std::move(*bytes));
  const ByteSpan view = AsBytes(*owner);
  return Buffer::Wrap(std::move(owner), view);
}

std::string Text(ByteSpan bytes) { return std::string(AsText(bytes)); }

namespace {

template <size_t N>
Result<std::array<uint8_t, N>> DecodeArray(const std::string& bytes, const char* what) {
  if (bytes.size() != N) return InvalidArgumentError(std::string(what) + " is not " + std::to_string(N) + " bytes");
  std::array<uint8_t, N> out;
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

/// Small numbers travel as uint32; the types of the ports are narrower.
Result<uint8_t> DecodeU8(uint32_t value, const char* what) {
  if (value > 255) return InvalidArgumentError(std::string(what) + " is out of range");
  return static_cast<uint8_t>(value);
}

void Encode(const std::optional<Encoding>& encoding, v1::Encoding* (*mutable_out)(void*), void* message) {
  if (!encoding.has_value()) return;
  v1::Encoding* out = mutable_out(message);
  out->set_id(Text(encoding->id.span()));
  out->set_scheme(encoding->scheme);
  out->set_k(encoding->k);
  out->set_n(encoding->n);
}
template <typename Message>
void EncodeEncoding(const std::optional<Encoding>& encoding, Message* out) {
  Encode(
      encoding, [](void* message) { return static_cast<Message*>(message)->mutable_encoding(); }, out);
}

template <typename Message>
Result<std::optional<Encoding>> DecodeEncoding(const Message& in) {
  if (!in.has_encoding()) return std::optional<Encoding>();
  Encoding encoding;
  PBFS_ASSIGN_OR_RETURN(encoding.id, DecodeId<EncodingId>(in.encoding().id(), "encoding id"));
  PBFS_ASSIGN_OR_RETURN(encoding.scheme, DecodeU8(in.encoding().scheme(), "scheme"));
  PBFS_ASSIGN_OR_RETURN(encoding.k, DecodeU8(in.encoding().k(), "k"));
  PBFS_ASSIGN_OR_RETURN(encoding.n, DecodeU8(in.encoding().n(), "n"));
  return std::optional<Encoding>(encoding);
}

void Encode(const Order& order, v1::Order* out) {
  out->set_hlc(order.hlc);
  out->set_wid(order.wid);
}
Order Decode(const v1::Order& in) { return {in.hlc(), in.wid()}; }

void Encode(const BodyUpload& body, v1::CommitRequest::BodyUpload* out) {
  out->set_id(Text(body.id.span()));
  out->set_key_epoch(body.key_epoch);
  out->set_wrapped_dek(Text(body.wrapped_dek));
  EncodeEncoding(body.encoding, out);
  for (const auto& receipt : body.receipts) out->add_receipts(Text(receipt));
  out->set_inline_ct(Text(body.inline_ct));
}

Result<BodyUpload> Decode(v1::CommitRequest::BodyUpload* in) {
  BodyUpload body;
  PBFS_ASSIGN_OR_RETURN(body.id, DecodeId<BodyId>(in->id(), "body id"));
  body.key_epoch = in->key_epoch();
  PBFS_ASSIGN_OR_RETURN(body.wrapped_dek, DecodeArray<72>(in->wrapped_dek(), "wrapped DEK"));
  PBFS_ASSIGN_OR_RETURN(body.encoding, DecodeEncoding(*in));
  for (const std::string& bytes : in->receipts()) {
    PBFS_ASSIGN_OR_RETURN(const auto receipt, DecodeArray<64>(bytes, "receipt"));
    body.receipts.push_back(receipt);
  }
  body.inline_ct = TakeBuffer(in->mutable_inline_ct());
  return body;
}

}  // namespace

Result<Versioning> DecodeVersioning(uint32_t in) {
  if (in > static_cast<uint32_t>(Versioning::kSuspended)) return InvalidArgumentError("unknown versioning");
  return static_cast<Versioning>(in);
}

v1::CommitRequest Encode(const CommitRequest& request) {
  v1::CommitRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  for (const Buffer& record : request.records) out.add_records(Text(record));
  for (const BodyUpload& body : request.bodies) Encode(body, out.add_bodies());
  for (const ObjectId& object : request.creates) out.add_creates(Text(object.span()));
  if (request.if_opset.has_value()) out.set_if_opset(Text(*request.if_opset));
  if (request.if_name.has_value()) {
    auto* condition = out.mutable_if_name();
    if (request.if_name->object.has_value()) condition->set_object_id(Text(request.if_name->object->span()));
  }
  if (request.complete_upload.has_value()) out.set_complete_upload(Text(request.complete_upload->span()));
  if (request.versioning.has_value()) out.set_versioning(static_cast<uint32_t>(*request.versioning));
  if (request.if_meta.has_value()) Encode(*request.if_meta, out.mutable_if_meta());
  return out;
}

Result<CommitRequest> Decode(v1::CommitRequest* in) {
  CommitRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in->bucket_id(), "bucket id"));
  for (std::string& record : *in->mutable_records()) request.records.push_back(TakeBuffer(&record));
  for (auto& wire_body : *in->mutable_bodies()) {
    PBFS_ASSIGN_OR_RETURN(BodyUpload body, Decode(&wire_body));
    request.bodies.push_back(std::move(body));
  }
  for (const std::string& bytes : in->creates()) {
    PBFS_ASSIGN_OR_RETURN(const ObjectId object, DecodeId<ObjectId>(bytes, "object id"));
    request.creates.push_back(object);
  }
  if (in->has_if_opset()) {
    PBFS_ASSIGN_OR_RETURN(request.if_opset, DecodeArray<16>(in->if_opset(), "if_opset"));
  }
  if (in->has_if_name()) {
    request.if_name.emplace();
    if (!in->if_name().object_id().empty()) {
      PBFS_ASSIGN_OR_RETURN(request.if_name->object, DecodeId<ObjectId>(in->if_name().object_id(), "object id"));
    }
  }
  if (!in->complete_upload().empty()) {
    PBFS_ASSIGN_OR_RETURN(request.complete_upload, DecodeId<UploadId>(in->complete_upload(), "upload id"));
  }
  if (in->has_versioning()) {
    PBFS_ASSIGN_OR_RETURN(request.versioning, DecodeVersioning(in->versioning()));
  }
  if (in->has_if_meta()) request.if_meta = Decode(in->if_meta());
  return request;
}

void Encode(const CommitReply& reply, v1::CommitReply* out) {
  out->set_code(static_cast<int>(reply.code));
  out->set_max_hlc(reply.max_hlc);
  out->set_now_ms(reply.now_ms);
  out->set_removed(reply.removed);
  out->set_kept(reply.kept);
  out->set_versioning(static_cast<uint32_t>(reply.versioning));
}

Result<CommitReply> Decode(const v1::CommitReply& in) {
  if (in.code() < 0 || in.code() > static_cast<int>(CommitCode::kVersioning))
    return UnavailableError("the catalog answered a Commit with an unknown code");
  CommitReply reply{static_cast<CommitCode>(in.code()), in.max_hlc(), in.now_ms(), in.removed(), in.kept()};
  PBFS_ASSIGN_OR_RETURN(reply.versioning, FromServer(DecodeVersioning(in.versioning())));
  return reply;
}

void Encode(const CommitOutcome& outcome, v1::CommitOutcome* out) {
  out->set_index(static_cast<uint32_t>(outcome.index));
  if (outcome.reply.ok()) return Encode(*outcome.reply, out->mutable_reply());
  const Status& why = outcome.reply.status();
  out->set_status(static_cast<uint32_t>(why.code()));
  out->set_message(why.message());
  for (const auto& [key, value] : why.details()) (*out->mutable_details())[key] = value;
}

Result<CommitOutcome> Decode(const v1::CommitOutcome& in) {
  if (in.has_reply()) return CommitOutcome{in.index(), Decode(in.reply())};
  if (in.status() == 0 || in.status() > static_cast<uint32_t>(StatusCode::kUnauthenticated))
    return InvalidArgumentError("an outcome is neither a reply nor an error");
  Status why(static_cast<StatusCode>(in.status()), in.message());
  for (const auto& [key, value] : in.details()) (void)std::move(why).WithDetail(key, value);
  return CommitOutcome{in.index(), std::move(why)};
}

namespace {

StatusCode StatusOf(CommitCode code) {
  switch (code) {
    case CommitCode::kOk:
    case CommitCode::kReplay: return StatusCode::kOk;
    case CommitCode::kOrderStale:
    case CommitCode::kEncodingExpired:
    case CommitCode::kVersioning:
    case CommitCode::kSourceGone: return StatusCode::kAborted;
    case CommitCode::kObjectGone: return StatusCode::kNotFound;
    case CommitCode::kOpIdReused: return StatusCode::kAlreadyExists;
    case CommitCode::kBrokenPromise:
    case CommitCode::kBadOp: return StatusCode::kInvalidArgument;
    case CommitCode::kDrift:
    case CommitCode::kPrecondition:
    case CommitCode::kSealed:
    case CommitCode::kTooDeep:
    case CommitCode::kOpTooOld: return StatusCode::kFailedPrecondition;
  }
  return StatusCode::kUnavailable;  // an unknown outcome
}

}  // namespace

Status RefusalOf(const CommitReply& reply) {
  const StatusCode code = StatusOf(reply.code);
  return code == StatusCode::kOk ? OkStatus() : Status(code, CommitCodeName(reply.code));
}

v1::StatObjectRequest Encode(const StatRequest& request) {
  v1::StatObjectRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_object_id(Text(request.object.span()));
  out.set_min_hlc(request.min_hlc);
  return out;
}

Result<StatRequest> Decode(const v1::StatObjectRequest& in) {
  StatRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  PBFS_ASSIGN_OR_RETURN(request.object, DecodeId<ObjectId>(in.object_id(), "object id"));
  request.min_hlc = in.min_hlc();
  return request;
}

v1::HistoryRequest Encode(const HistoryRequest& request) {
  v1::HistoryRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_object_id(Text(request.object.span()));
  out.set_before(request.before);
  out.set_limit(request.limit);
  out.set_min_hlc(request.min_hlc);
  return out;
}

Result<HistoryRequest> Decode(const v1::HistoryRequest& in) {
  HistoryRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  PBFS_ASSIGN_OR_RETURN(request.object, DecodeId<ObjectId>(in.object_id(), "object id"));
  request.before = in.before();
  request.limit = in.limit();
  request.min_hlc = in.min_hlc();
  return request;
}

v1::ResolveRequest Encode(const NameQuery& query) {
  v1::ResolveRequest out;
  out.set_bucket_id(Text(query.bucket.span()));
  out.set_name(query.name);
  if (query.as_of.has_value()) out.set_as_of(*query.as_of);
  out.set_min_hlc(query.min_hlc);
  out.set_newest(query.newest);
  if (query.version.has_value()) Encode(*query.version, out.mutable_version());
  return out;
}

Result<NameQuery> Decode(const v1::ResolveRequest& in) {
  NameQuery query;
  PBFS_ASSIGN_OR_RETURN(query.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  query.name = in.name();
  if (in.has_as_of()) query.as_of = in.as_of();
  query.min_hlc = in.min_hlc();
  query.newest = in.newest();
  if (in.has_version()) query.version = Decode(in.version());
  return query;
}

v1::NameHistoryRequest Encode(const NameHistoryRequest& request) {
  v1::NameHistoryRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_name(request.name);
  out.set_min_hlc(request.min_hlc);
  return out;
}

Result<NameHistoryRequest> Decode(const v1::NameHistoryRequest& in) {
  NameHistoryRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  request.name = in.name();
  request.min_hlc = in.min_hlc();
  return request;
}

void Encode(const NameEntry& entry, v1::NameEntry* out) {
  out->set_name(entry.name);
  Encode(entry.order, out->mutable_order());
  if (entry.object.has_value()) out->set_object_id(Text(entry.object->span()));
  out->set_record(Text(entry.record));
  out->set_current(entry.current);
  out->set_gone_hlc(entry.gone_hlc);
  out->set_versioning(static_cast<uint32_t>(entry.versioning));
  out->set_meta(Text(entry.meta));
  if (!entry.content.has_value()) return;
  out->mutable_content()->set_size(entry.content->size);
  out->mutable_content()->set_opset(Text(entry.content->opset));
  out->mutable_content()->set_newest(entry.content->newest);
}

Result<NameEntry> Decode(v1::NameEntry* in) {
  NameEntry entry;
  entry.name = in->name();
  entry.order = Decode(in->order());
  if (!in->object_id().empty()) {
    PBFS_ASSIGN_OR_RETURN(entry.object, DecodeId<ObjectId>(in->object_id(), "object id"));
  }
  entry.record = TakeBuffer(in->mutable_record());
  entry.current = in->current();
  entry.gone_hlc = in->gone_hlc();
  PBFS_ASSIGN_OR_RETURN(entry.versioning, DecodeVersioning(in->versioning()));
  entry.meta = TakeBuffer(in->mutable_meta());
  if (in->has_content()) {
    entry.content.emplace();
    entry.content->size = in->content().size();
    PBFS_ASSIGN_OR_RETURN(entry.content->opset, DecodeArray<16>(in->content().opset(), "opset"));
    entry.content->newest = in->content().newest();
  }
  return entry;
}

v1::ListNamesRequest Encode(const ListNamesRequest& request) {
  v1::ListNamesRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_prefix(request.prefix);
  out.set_after(request.after);
  out.set_limit(request.limit);
  if (request.as_of.has_value()) out.set_as_of(*request.as_of);
  out.set_newest(request.newest);
  out.set_delimiter(request.delimiter);
  out.set_with_content(request.with_content);
  return out;
}

Result<ListNamesRequest> Decode(const v1::ListNamesRequest& in) {
  ListNamesRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  request.prefix = in.prefix();
  request.after = in.after();
  request.limit = in.limit();
  if (in.has_as_of()) request.as_of = in.as_of();
  request.newest = in.newest();
  request.delimiter = in.delimiter();
  request.with_content = in.with_content();
  return request;
}

v1::ListVersionsRequest Encode(const ListVersionsRequest& request) {
  v1::ListVersionsRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_prefix(request.prefix);
  out.set_after(request.after);
  if (request.after_version.has_value()) Encode(*request.after_version, out.mutable_after_version());
  out.set_limit(request.limit);
  out.set_delimiter(request.delimiter);
  out.set_newest(request.newest);
  return out;
}

Result<ListVersionsRequest> Decode(const v1::ListVersionsRequest& in) {
  ListVersionsRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  request.prefix = in.prefix();
  request.after = in.after();
  if (in.has_after_version()) request.after_version = Decode(in.after_version());
  request.limit = in.limit();
  request.delimiter = in.delimiter();
  request.newest = in.newest();
  return request;
}

void Encode(const BucketInfo& bucket, v1::Bucket* out) {
  out->set_id(Text(bucket.id.span()));
  out->set_name(bucket.settings.name);
  out->set_integrity(static_cast<uint32_t>(bucket.settings.integrity));
  out->set_etag(static_cast<uint32_t>(bucket.settings.etag));
  if (bucket.settings.k.has_value()) out->set_k(*bucket.settings.k);
  if (bucket.settings.m.has_value()) out->set_m(*bucket.settings.m);
  if (bucket.settings.w.has_value()) out->set_w(*bucket.settings.w);
  out->set_history_ms(bucket.settings.history_ms);
  out->set_versioning(static_cast<uint32_t>(bucket.settings.versioning));
  out->set_history_floor(bucket.history_floor);
  out->set_keyring(Text(bucket.keyring));
  out->set_keyring_version(bucket.keyring_version);
}

Result<BucketInfo> Decode(v1::Bucket* in) {
  BucketInfo bucket;
  PBFS_ASSIGN_OR_RETURN(bucket.id, DecodeId<BucketId>(in->id(), "bucket id"));
  bucket.settings.name = in->name();
  PBFS_ASSIGN_OR_RETURN(const uint8_t integrity, DecodeU8(in->integrity(), "integrity"));
  PBFS_ASSIGN_OR_RETURN(const uint8_t etag, DecodeU8(in->etag(), "etag"));
  bucket.settings.integrity = static_cast<Integrity>(integrity);
  bucket.settings.etag = static_cast<Etag>(etag);
  if (in->has_k()) {
    PBFS_ASSIGN_OR_RETURN(bucket.settings.k, DecodeU8(in->k(), "k"));
  }
  if (in->has_m()) {
    PBFS_ASSIGN_OR_RETURN(bucket.settings.m, DecodeU8(in->m(), "m"));
  }
  if (in->has_w()) {
    PBFS_ASSIGN_OR_RETURN(bucket.settings.w, DecodeU8(in->w(), "w"));
  }
  bucket.settings.history_ms = in->history_ms();
  PBFS_ASSIGN_OR_RETURN(bucket.settings.versioning, DecodeVersioning(in->versioning()));
  bucket.history_floor = in->history_floor();
  bucket.keyring = TakeBuffer(in->mutable_keyring());
  bucket.keyring_version = in->keyring_version();
  return bucket;
}

void Encode(const BucketScheme& scheme, v1::BucketScheme* out) {
  if (scheme.k.has_value()) out->set_k(*scheme.k);
  if (scheme.m.has_value()) out->set_m(*scheme.m);
  if (scheme.w.has_value()) out->set_w(*scheme.w);
}

Result<BucketScheme> Decode(const v1::BucketScheme& in) {
  BucketScheme scheme;
  if (in.has_k()) {
    PBFS_ASSIGN_OR_RETURN(scheme.k, DecodeU8(in.k(), "k"));
  }
  if (in.has_m()) {
    PBFS_ASSIGN_OR_RETURN(scheme.m, DecodeU8(in.m(), "m"));
  }
  if (in.has_w()) {
    PBFS_ASSIGN_OR_RETURN(scheme.w, DecodeU8(in.w(), "w"));
  }
  return scheme;
}

void Encode(const BucketPosition& position, v1::BucketPosition* out) {
  out->set_key_epoch(position.key_epoch);
  out->set_body_id(Text(position.body.span()));
}

Result<BucketPosition> Decode(const v1::BucketPosition& in) {
  BucketPosition position;
  if (in.key_epoch() > INT32_MAX) return InvalidArgumentError("no bucket has so many key epochs");
  position.key_epoch = in.key_epoch();
  PBFS_ASSIGN_OR_RETURN(position.body, DecodeId<BodyId>(in.body_id(), "body id"));
  return position;
}

v1::ListWrappedRequest Encode(const WrappedQuery& query) {
  v1::ListWrappedRequest out;
  out.set_bucket_id(Text(query.bucket.span()));
  out.set_below_epoch(query.below_epoch);
  Encode(query.after, out.mutable_after());
  out.set_limit(query.limit);
  return out;
}

Result<WrappedQuery> Decode(const v1::ListWrappedRequest& in) {
  WrappedQuery query;
  PBFS_ASSIGN_OR_RETURN(query.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  query.below_epoch = in.below_epoch();
  if (in.has_after()) {
    PBFS_ASSIGN_OR_RETURN(query.after, Decode(in.after()));
  }
  query.limit = in.limit();
  return query;
}

void Encode(const std::vector<WrappedBody>& page, v1::ListWrappedReply* out) {
  for (const WrappedBody& body : page) {
    v1::WrappedBody* const message = out->add_bodies();
    message->set_body_id(Text(body.body.span()));
    message->set_key_epoch(body.key_epoch);
    message->set_wrapped_dek(Text(body.wrapped_dek));
  }
}

Result<std::vector<WrappedBody>> Decode(const v1::ListWrappedReply& in) {
  std::vector<WrappedBody> page;
  for (const v1::WrappedBody& message : in.bodies()) {
    WrappedBody& body = page.emplace_back();
    PBFS_ASSIGN_OR_RETURN(body.body, DecodeId<BodyId>(message.body_id(), "body id"));
    body.key_epoch = message.key_epoch();
    PBFS_ASSIGN_OR_RETURN(body.wrapped_dek, DecodeArray<72>(message.wrapped_dek(), "wrapped key"));
  }
  return page;
}

v1::RewrapRequest Encode(const RewrapRequest& request) {
  v1::RewrapRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_key_epoch(request.key_epoch);
  for (const RewrapRequest::Change& change : request.changes) {
    v1::RewrapRequest::Change* const message = out.add_changes();
    message->set_body_id(Text(change.body.span()));
    message->set_old_dek(Text(change.old_dek));
    message->set_wrapped_dek(Text(change.wrapped_dek));
  }
  return out;
}

Result<RewrapRequest> Decode(const v1::RewrapRequest& in) {
  RewrapRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  request.key_epoch = in.key_epoch();
  for (const v1::RewrapRequest::Change& message : in.changes()) {
    RewrapRequest::Change& change = request.changes.emplace_back();
    PBFS_ASSIGN_OR_RETURN(change.body, DecodeId<BodyId>(message.body_id(), "body id"));
    PBFS_ASSIGN_OR_RETURN(change.old_dek, DecodeArray<72>(message.old_dek(), "wrapped key"));
    PBFS_ASSIGN_OR_RETURN(change.wrapped_dek, DecodeArray<72>(message.wrapped_dek(), "wrapped key"));
  }
  return request;
}

void Encode(const StoreInfo& store, v1::Store* out) {
  out->set_id(store.id.value);
  out->set_address(store.address);
  out->set_domain(store.domain);
  out->set_state(static_cast<uint32_t>(store.state));
  out->set_weight(store.weight);
  out->set_start(store.start);
  out->set_start_before(store.start_before);
}

Result<StoreInfo> Decode(const v1::Store& in) {
  if (in.state() < 1 || in.state() > 6) return InvalidArgumentError("a store's state is 1..6");
  return StoreInfo{StoreId{in.id()}, in.address(), in.domain(),      static_cast<StoreState>(in.state()),
                   in.weight(),      in.start(),   in.start_before()};
}

namespace {

void Encode(const PlacementGroup& group, v1::PlacementGroup* out) {
  out->set_group(group.group);
  out->set_version(group.version);
  for (const StoreId store : group.stores) out->add_stores(store.value);
  for (const MemberState member : group.members) out->add_members(static_cast<uint32_t>(member));
  for (const StoreId store : group.previous) out->add_previous(store.value);
}

Result<PlacementGroup> Decode(const v1::PlacementGroup& in) {
  if (in.group() >= kPlacementGroups) return InvalidArgumentError("a placement group is 0..4095");
  if (in.members_size() != in.stores_size())
    return InvalidArgumentError("a placement group has a state for each store");
  PlacementGroup group;
  group.group = static_cast<uint16_t>(in.group());
  group.version = in.version();
  for (const uint32_t store : in.stores()) group.stores.push_back(StoreId{store});
  for (const uint32_t member : in.members())
    group.members.push_back(member == 0 ? MemberState::kActive : MemberState::kBackfill);
  for (const uint32_t store : in.previous()) group.previous.push_back(StoreId{store});
  return group;
}

}  // namespace

void Encode(const ClusterMap& map, v1::ClusterMap* out) {
  out->set_version(map.version);
  out->set_site(map.site.value);
  out->set_fence_epoch(map.fence_epoch);
  out->set_default_k(map.default_k);
  out->set_default_m(map.default_m);
  for (const StoreInfo& store : map.stores) Encode(store, out->add_stores());
  for (const PlacementGroup& group : map.groups) Encode(group, out->add_groups());
}

Result<ClusterMap> Decode(const v1::ClusterMap& in) {
  ClusterMap map;
  map.version = in.version();
  map.site = SiteId{static_cast<uint16_t>(in.site())};
  map.fence_epoch = in.fence_epoch();
  PBFS_ASSIGN_OR_RETURN(map.default_k, DecodeU8(in.default_k(), "default_k"));
  PBFS_ASSIGN_OR_RETURN(map.default_m, DecodeU8(in.default_m(), "default_m"));
  for (const auto& wire_store : in.stores()) {
    PBFS_ASSIGN_OR_RETURN(StoreInfo store, Decode(wire_store));
    map.stores.push_back(std::move(store));
  }
  for (const auto& wire_group : in.groups()) {
    PBFS_ASSIGN_OR_RETURN(PlacementGroup group, Decode(wire_group));
    map.groups.push_back(std::move(group));
  }
  return map;
}

}  // namespace pbfs::wire
