#include "libs/adapters/grpc/wire.h"

// A framed message in slices of any size: what comes out is what went in, and nothing reaches beyond it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t portion = 1 + data[0];
  const pbfs::ByteSpan in(data + 1, size - 1);
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < in.size(); at += portion) {
    const pbfs::ByteSpan part = in.subspan(at, std::min(portion, in.size() - at));
    slices.emplace_back(part.data(), part.size());
  }
  const auto parts = pbfs::wire::Unframe(grpc::ByteBuffer(slices.data(), slices.size()));
  if (!parts.ok()) return 0;
  PBFS_CHECK(4 + parts->header.size() + parts->payload.size() == in.size());
  PBFS_CHECK(pbfs::Equal(parts->header, in.subspan(4, parts->header.size())));
  PBFS_CHECK(pbfs::Equal(parts->payload, in.last(parts->payload.size())));
  const std::string header(pbfs::AsText(parts->header));
  const auto again = pbfs::wire::Unframe(pbfs::wire::Frame(header, &parts->payload, 1));
  PBFS_CHECK(again.ok() && pbfs::Equal(again->header, parts->header) && pbfs::Equal(again->payload, parts->payload));
  return 0;
}
