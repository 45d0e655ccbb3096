#include "libs/client/metadata.h"

namespace pbfs {
namespace {

void PutVarint(ByteWriter& out, uint64_t value) {
  for (; value >= 128; value >>= 7) out.U8(static_cast<uint8_t>(value | 128));
  out.U8(static_cast<uint8_t>(value));
}

void PutField(ByteWriter& out, int number, ByteSpan bytes) {
  PutVarint(out, static_cast<uint64_t>(number) << 3 | 2);
  PutVarint(out, bytes.size());
  out.Raw(bytes);
}

uint64_t Varint(ByteReader& in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = in.U8();
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

/// One field: its number, and its bytes if it is length-delimited. Number 0: malformed.
struct Field {
  uint64_t number = 0;
  ByteSpan bytes;
};

Field NextField(ByteReader& in) {
  const uint64_t tag = Varint(in);
  Field field{tag >> 3, {}};
  switch (tag & 7) {
    case 0: Varint(in); break;
    case 1: in.Raw(8); break;
    case 2: field.bytes = in.Raw(Varint(in)); break;
    case 5: in.Raw(4); break;
    default: field.number = 0;
  }
  return field;
}

void ReadUserEntry(ByteSpan bytes, ObjectMetadata& metadata) {
  ByteReader in(bytes);
  std::string key, value;
  while (in.remaining() > 0 && in.ok()) {
    const Field field = NextField(in);
    if (field.number == 1) key = AsText(field.bytes);
    if (field.number == 2) value = AsText(field.bytes);
    if (field.number == 0) return;
  }
  metadata.user[key] = value;
}

}  // namespace

Bytes EncodeMetadata(const ObjectMetadata& metadata) {
  Bytes bytes;
  ByteWriter out(bytes);
  if (!metadata.content_type.empty()) PutField(out, 1, AsBytes(metadata.content_type));
  for (const auto& [key, value] : metadata.user) {
    Bytes entry;
    ByteWriter entry_out(entry);
    PutField(entry_out, 1, AsBytes(key));
    PutField(entry_out, 2, AsBytes(value));
    PutField(out, 2, entry);
  }
  if (!metadata.etag.empty()) PutField(out, 3, AsBytes(metadata.etag));
  if (metadata.opset) PutField(out, 4, *metadata.opset);
  return bytes;
}

Result<ObjectMetadata> DecodeMetadata(ByteSpan bytes) {
  ObjectMetadata metadata;
  ByteReader in(bytes);
  while (in.remaining() > 0 && in.ok()) {
    const Field field = NextField(in);
    switch (field.number) {
      case 0: return InvalidArgumentError("malformed metadata");
      case 1: metadata.content_type = AsText(field.bytes); break;
      case 2: ReadUserEntry(field.bytes, metadata); break;
      case 3: metadata.etag = AsText(field.bytes); break;
      case 4:
        if (field.bytes.size() != 16) return InvalidArgumentError("malformed metadata");
        metadata.opset.emplace();
        std::copy(field.bytes.begin(), field.bytes.end(), metadata.opset->begin());
        break;
      default: break;
    }
  }
  if (!in.ok()) return InvalidArgumentError("malformed metadata");
  return metadata;
}

}  // namespace pbfs
