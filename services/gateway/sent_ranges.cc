#include "services/gateway/sent_ranges.h"

#include "services/gateway/piece_sink.h"

namespace pbfs::gateway {
namespace {

constexpr size_t kRawBytes = 64 << 10;

}  // namespace

void SentRanges::Begin(int64_t offset) {
  ranges_.push_back({offset, offset});
  if (digested_) digests_.emplace_back(s3::ChecksumAlgorithm::kSha256);
}

Status SentRanges::Add(Buffer piece) {
  ++pieces_;
  const int64_t begin = ranges_.back().end;
  ranges_.back().end += static_cast<int64_t>(piece.size());
  if (digested_) digests_.back().Update(piece);
  return writer_->Add(begin, std::move(piece));
}

Status SentRanges::AddBody(Site& site, Call& call, RequestBody& body, int64_t offset) {
  Begin(offset);
  PBFS_RETURN_IF_ERROR(body.CopyTo(site, [this](Buffer piece) { return Add(std::move(piece)); }));
  return body.Finish(call.context());
}

Status SentRanges::AddBody(Site& site, Call& call, RequestBody& body, s3::ByteRangeDecoder& decoder) {
  PieceSink sink(site, [this](Buffer piece) { return Add(std::move(piece)); });
  Bytes raw(kRawBytes);
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const size_t got, body.Read(call.context(), raw));
    if (got == 0) break;
    for (ByteSpan rest = ByteSpan(raw).first(got); !rest.empty();) {
      PBFS_ASSIGN_OR_RETURN(const auto step, decoder.Decode(rest));
      rest = rest.subspan(step.consumed);
      if (step.part_begins) {
        PBFS_RETURN_IF_ERROR(sink.Flush());
        Begin(decoder.parts().back().begin);
      }
      PBFS_RETURN_IF_ERROR(sink.Write(call.context(), step.data));
    }
  }
  PBFS_RETURN_IF_ERROR(sink.Flush());
  PBFS_RETURN_IF_ERROR(decoder.Finish());
  return body.Finish(call.context());
}

std::vector<std::string> SentRanges::Digests() {
  std::vector<std::string> digests;
  for (s3::Checksum& digest : digests_) digests.push_back(ToHex(digest.Finish()));
  return digests;
}

}  // namespace pbfs::gateway
