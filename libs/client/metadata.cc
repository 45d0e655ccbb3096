#include "libs/client/metadata.h"

#include "libs/crypto/primitives.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

// The format calls for a protobuf message; its wire format is simple enough to write by hand here, where no protobuf may be
// linked (dependency rule): fields 1 content_type, 2 repeated {1 key, 2 value}, 3 etag, 4 opset, 5 as 2: system; all length-delimited.
constexpr uint8_t kLengthDelimited = 2;

void WriteVarint(ByteWriter& writer, uint64_t value) {
  while (value >= 0x80) {
    writer.U8(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  writer.U8(static_cast<uint8_t>(value));
}

void WriteField(ByteWriter& writer, uint32_t number, ByteSpan bytes) {
  WriteVarint(writer, number << 3 | kLengthDelimited);
  WriteVarint(writer, bytes.size());
  writer.Raw(bytes);
}

void WritePairs(ByteWriter& writer, uint32_t number, const std::map<std::string, std::string>& pairs) {
  for (const auto& [key, value] : pairs) {
    Bytes pair;
    ByteWriter pair_writer(pair);
    WriteField(pair_writer, 1, AsBytes(key));
    WriteField(pair_writer, 2, AsBytes(value));
    WriteField(writer, number, pair);
  }
}

uint64_t ReadVarint(ByteReader& reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.U8();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

// Calls `take(number, bytes)` for each length-delimited field and skips varints, which later versions may add.
template <typename Take>
Status ReadFields(ByteSpan bytes, const Take& take) {
  ByteReader reader(bytes);
  while (reader.ok() && reader.remaining() > 0) {
    const uint64_t tag = ReadVarint(reader);
    if ((tag & 7) == 0) {
      ReadVarint(reader);
    } else if ((tag & 7) == kLengthDelimited) {
      take(tag >> 3, reader.Raw(ReadVarint(reader)));
    } else {
      return DataLossError("metadata: unknown wire type");
    }
  }
  return reader.ok() ? OkStatus() : DataLossError("metadata: cut short");
}

std::string Text(ByteSpan bytes) { return std::string(AsText(bytes)); }

}  // namespace

Opset OpsetAfter(Opset opset, const OpId& op) {
  const Digest32 bits = Sha256(op.span());
  for (size_t i = 0; i < opset.size(); ++i) opset[i] ^= bits[i];
  return opset;
}

void PinTo(const Opset& opset, ObjectMetadata& metadata) {
  if (!metadata.etag.empty() || metadata.opset.has_value()) metadata.opset = opset;
}

void Unpin(ObjectMetadata& metadata) {
  metadata.etag.clear();
  metadata.opset.reset();
}

Result<Bytes> EncodeMetadata(const ObjectMetadata& metadata) {
  Bytes out;
  ByteWriter writer(out);
  if (!metadata.content_type.empty()) WriteField(writer, 1, AsBytes(metadata.content_type));
  WritePairs(writer, 2, metadata.user);
  if (!metadata.etag.empty()) WriteField(writer, 3, AsBytes(metadata.etag));
  if (metadata.opset.has_value()) WriteField(writer, 4, *metadata.opset);
  WritePairs(writer, 5, metadata.system);
  constexpr size_t kSealing = 40;  // nonce and tag
  if (out.size() + kSealing > kMaxMetadataSize) return InvalidArgumentError("metadata: more than 16 KiB in all");
  return out;
}

Result<ObjectMetadata> DecodeMetadata(ByteSpan bytes) {
  ObjectMetadata metadata;
  Status pairs;
  PBFS_RETURN_IF_ERROR(ReadFields(bytes, [&](uint64_t number, ByteSpan field) {
    if (number == 1) metadata.content_type = Text(field);
    if (number == 3) metadata.etag = Text(field);
    if (number == 4 && field.size() == 16) {
      metadata.opset.emplace();
      std::copy(field.begin(), field.end(), metadata.opset->begin());
    }
    if (number != 2 && number != 5) return;
    std::string key, value;
    const Status pair =
        ReadFields(field, [&](uint64_t part, ByteSpan text) { (part == 1 ? key : value) = Text(text); });
    if (!pair.ok()) pairs = pair;
    (number == 2 ? metadata.user : metadata.system)[key] = value;
  }));
  PBFS_RETURN_IF_ERROR(pairs);
  return metadata;
}

}  // namespace pbfs
