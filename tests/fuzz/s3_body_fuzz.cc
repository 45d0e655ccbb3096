#include "libs/base/check.h"
#include "libs/s3/byterange.h"
#include "libs/s3/chunked.h"
#include "libs/s3/post_form.h"

namespace {

using namespace pbfs::s3;

/// What a decoder makes of a body that comes in pieces; "error" if it refuses it.
template <typename Decoder>
std::string DecodeInto(Decoder decoder, pbfs::ByteSpan body, size_t piece, size_t room) {
  std::string decoded;
  pbfs::Bytes out(room);
  while (!body.empty()) {
    const auto progress = decoder.Decode(body.first(std::min(piece, body.size())), out);
    if (!progress.ok()) return "error";
    decoded += pbfs::AsText(pbfs::ByteSpan(out).first(progress->produced));
    body = body.subspan(progress->consumed);
  }
  return decoder.Finish().ok() ? decoded : "error";
}

std::string DecodeRanges(std::string_view type, pbfs::ByteSpan body, size_t piece) {
  auto decoder = ByteRangeDecoder::Make(type, static_cast<int64_t>(body.size()));
  std::string decoded;
  while (!body.empty()) {
    const auto step = decoder->Decode(body.first(std::min(piece, body.size())));
    if (!step.ok()) return "error";
    if (step->part_begins) decoded += '[' + std::to_string(decoder->parts().back().begin) + ']';
    decoded += pbfs::AsText(step->data);
    body = body.subspan(step->consumed);
  }
  return decoder->Finish().ok() ? decoded : "error";
}

}  // namespace

// The first two bytes say how the body is cut and which decoder takes it; the pieces change nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = data[0] % 64 + 1;
  const pbfs::ByteSpan body(data + 2, size - 2);
  const auto chunked = [&](size_t cut, size_t room) {
    return DecodeInto(ChunkedDecoder(PayloadKind::kUnsignedTrailer, std::nullopt, 5, {"x-amz-checksum-crc32"}), body,
                      cut, room);
  };
  const auto form = [&](size_t cut, size_t room) {
    return DecodeInto(*FormDecoder::Make("multipart/form-data; boundary=x"), body, cut, room);
  };
  switch (data[1] % 4) {
    case 0: PBFS_CHECK(chunked(piece, piece) == chunked(size, size)); break;
    case 1: PBFS_CHECK(form(piece, piece) == form(size, size)); break;
    case 2:
      PBFS_CHECK(DecodeRanges("multipart/byteranges; boundary=x", body, piece) ==
                 DecodeRanges("multipart/byteranges; boundary=x", body, size));
      break;
    default:
      PBFS_CHECK(DecodeRanges("message/byterange", body, piece) == DecodeRanges("message/byterange", body, size));
  }
  return 0;
}
