#include "libs/adapters/objects/object_codec.h"

namespace pbfs::wire {
namespace {

template <typename Message>
objects::Key KeyOf(const Message& message) {
  return {message.bucket(), message.key()};
}

template <typename Message>
objects::Key VersionOf(const Message& message) {
  return {message.bucket(), message.key(), message.version_id()};
}

objects::Conditions Decode(const v1::Conditions& message) { return {message.if_match(), message.if_none_match()}; }

objects::Properties Decode(const v1::Properties& message) {
  objects::Properties properties;
  properties.content_type = message.content_type();
  properties.metadata = {message.metadata().begin(), message.metadata().end()};
  properties.headers = {message.headers().begin(), message.headers().end()};
  properties.tags = {message.tags().begin(), message.tags().end()};
  return properties;
}

void Encode(const objects::Checksum& checksum, v1::Checksum* message) {
  message->set_algorithm(checksum.algorithm);
  message->set_value(checksum.value);
  message->set_type(checksum.type);
}

void Encode(const objects::Facts& facts, v1::Facts* message) {
  message->set_object_id(facts.object.bytes.data(), facts.object.bytes.size());
  if (facts.size.has_value()) message->set_size(*facts.size);
  message->set_etag(facts.etag);
  message->set_modified_ms(facts.modified_ms);
  v1::Properties* properties = message->mutable_properties();
  properties->set_content_type(facts.properties.content_type);
  properties->mutable_metadata()->insert(facts.properties.metadata.begin(), facts.properties.metadata.end());
  properties->mutable_headers()->insert(facts.properties.headers.begin(), facts.properties.headers.end());
  properties->mutable_tags()->insert(facts.properties.tags.begin(), facts.properties.tags.end());
  if (facts.checksum.has_value()) Encode(*facts.checksum, message->mutable_checksum());
  message->set_version_id(facts.version_id);
}

}  // namespace

objects::ListBucketsRequest Decode(const v1::ListBucketsRequest& message) {
  return {message.prefix(), message.after(), message.limit()};
}

objects::CreateBucketRequest Decode(const v1::CreateBucketRequest& message) {
  return {message.bucket(), message.history_ms()};
}

objects::PutRequest Decode(const v1::PutHeader& message) {
  objects::PutRequest request{KeyOf(message), Decode(message.properties()), Decode(message.conditions()), {}, {}};
  if (message.has_size()) request.size = message.size();
  if (message.has_checksum())
    request.checksum = {message.checksum().algorithm(), message.checksum().value(), message.checksum().type()};
  return request;
}

objects::GetRequest Decode(const v1::GetRequest& message) {
  return {VersionOf(message), Decode(message.conditions()), message.offset(), message.length(), message.as_of_ms()};
}

objects::HeadRequest Decode(const v1::HeadRequest& message) {
  return {VersionOf(message), Decode(message.conditions()), message.as_of_ms()};
}

objects::ListRequest Decode(const v1::ListRequest& message) {
  return {message.bucket(), message.prefix(), message.delimiter(),
          message.after(),  message.limit(),  message.as_of_ms()};
}

objects::ListVersionsRequest Decode(const v1::ListVersionsRequest& message) {
  return {message.bucket(), message.prefix(),           message.delimiter(),
          message.after(),  message.after_version_id(), message.limit()};
}

objects::DeleteRequest Decode(const v1::DeleteRequest& message) {
  return {VersionOf(message), Decode(message.conditions())};
}

objects::PatchRequest Decode(const v1::PatchHeader& message) {
  return {VersionOf(message), Decode(message.conditions()), message.token()};
}

objects::AppendRequest Decode(const v1::AppendHeader& message) {
  objects::AppendRequest request{
      VersionOf(message), Decode(message.conditions()), {}, message.token(), Decode(message.properties())};
  if (message.has_expected_size()) request.expected_size = message.expected_size();
  return request;
}

objects::TruncateRequest Decode(const v1::TruncateRequest& message) {
  return {VersionOf(message), Decode(message.conditions()), message.size(), message.token()};
}

objects::ZeroRequest Decode(const v1::ZeroRequest& message) {
  return {VersionOf(message), Decode(message.conditions()), message.lo(), message.hi()};
}

objects::CloneRequest Decode(const v1::CloneRequest& message) {
  objects::CloneRequest request{{message.source_bucket(), message.source_key(), message.source_version_id()},
                                message.source_if_match(),
                                KeyOf(message),
                                Decode(message.conditions()),
                                {},
                                message.as_of_ms()};
  if (message.has_properties()) request.properties = Decode(message.properties());
  return request;
}

objects::HistoryRequest Decode(const v1::HistoryRequest& message) {
  return {VersionOf(message), message.before(), message.limit()};
}

objects::ExtentsRequest Decode(const v1::ExtentsRequest& message) {
  return {VersionOf(message), message.lo(), message.hi(), message.as_of_ms(), message.limit()};
}

void Encode(const objects::BucketPage& page, v1::ListBucketsReply* message) {
  for (const objects::ListedBucket& bucket : page.buckets) {
    auto* out = message->add_buckets();
    out->set_name(bucket.name);
    out->set_created_ms(bucket.created_ms);
  }
  message->set_next(page.next);
}

void Encode(const objects::Written& written, v1::WriteReply* message) {
  message->set_etag(written.etag);
  message->set_size(written.size);
  message->set_modified_ms(written.modified_ms);
  if (written.checksum.has_value()) Encode(*written.checksum, message->mutable_checksum());
  message->set_version_id(written.version_id);
}

void Encode(const objects::Deleted& deleted, v1::DeleteReply* message) {
  message->set_version_id(deleted.version_id);
  message->set_delete_marker(deleted.delete_marker);
}

void Encode(const objects::Opened& opened, v1::GetReply::Opened* message) {
  Encode(opened.facts, message->mutable_facts());
  message->set_lo(opened.lo);
  message->set_hi(opened.hi);
  message->set_not_modified(opened.not_modified);
}

void Encode(const objects::Opened& opened, v1::HeadReply* message) {
  Encode(opened.facts, message->mutable_facts());
  message->set_not_modified(opened.not_modified);
}

void Encode(const objects::ObjectPage& page, v1::ListReply* message) {
  for (const objects::ListedObject& object : page.objects) {
    auto* out = message->add_objects();
    out->set_key(object.key);
    if (object.size.has_value()) out->set_size(*object.size);
    out->set_etag(object.etag);
    out->set_modified_ms(object.modified_ms);
  }
  message->mutable_prefixes()->Add(page.prefixes.begin(), page.prefixes.end());
  message->set_next(page.next);
}

void Encode(const objects::VersionPage& page, v1::ListVersionsReply* message) {
  for (const objects::ListedVersion& version : page.versions) {
    auto* out = message->add_versions();
    out->set_key(version.at.key);
    out->set_version_id(version.at.version_id);
    out->set_current(version.current);
    out->set_delete_marker(version.delete_marker);
    out->set_size(version.size);
    out->set_etag(version.etag);
    out->set_modified_ms(version.modified_ms);
  }
  message->mutable_prefixes()->Add(page.prefixes.begin(), page.prefixes.end());
  message->set_next(page.next);
  message->set_next_version_id(page.next_version_id);
}

void Encode(const std::vector<objects::Op>& ops, v1::HistoryReply* message) {
  for (const objects::Op& op : ops) {
    auto* out = message->add_ops();
    out->set_op_id(op.op.bytes.data(), op.op.bytes.size());
    out->set_kind(static_cast<v1::HistoryReply::Kind>(op.kind));  // the numbers of the format
    out->set_order(op.order);
    out->set_at_ms(op.at_ms);
    out->set_lo(op.lo);
    out->set_hi(op.hi);
    out->set_bytes(op.bytes);
    out->set_authentic(op.authentic);
  }
}

void Encode(const std::vector<objects::NameValue>& values, v1::NameHistoryReply* message) {
  for (const objects::NameValue& value : values) {
    auto* out = message->add_values();
    if (value.object.has_value()) out->set_object_id(value.object->bytes.data(), value.object->bytes.size());
    out->set_bound_ms(value.bound_ms);
    out->set_current(value.current);
  }
}

void Encode(const objects::ExtentPage& page, v1::ExtentsReply* message) {
  for (const objects::Extent& extent : page.extents) {
    auto* out = message->add_extents();
    out->set_lo(extent.lo);
    out->set_hi(extent.hi);
    out->set_order(extent.order);
    out->set_zeros(extent.zeros);
  }
  message->set_next(page.next);
}

std::string AddressOf(std::string_view peer) {
  const bool v4 = peer.starts_with("ipv4:"), v6 = peer.starts_with("ipv6:");
  const size_t port = peer.rfind(':');
  if ((!v4 && !v6) || port < 5) return {};
  std::string_view host = peer.substr(5, port - 5);
  for (const std::string_view open : {"%5B", "[", "%5b"})
    if (host.starts_with(open)) host.remove_prefix(open.size());
  for (const std::string_view close : {"%5D", "]", "%5d"})
    if (host.ends_with(close)) host.remove_suffix(close.size());
  return std::string(host.substr(0, host.find('%')));  // without a zone
}

}  // namespace pbfs::wire
