#include "libs/s3/byterange.h"

#include "libs/base/random.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

using Writes = std::vector<std::pair<ByteRange, std::string>>;

/// Everything of the body, fed in pieces of at most `piece` bytes.
Result<Writes> DecodeAll(std::string_view content_type, std::string_view body, size_t piece = 1 << 20) {
  PBFS_ASSIGN_OR_RETURN(ByteRangeDecoder decoder,
                        ByteRangeDecoder::Make(content_type, static_cast<int64_t>(body.size())));
  Writes writes;
  while (!body.empty()) {
    PBFS_ASSIGN_OR_RETURN(const auto step, decoder.Decode(AsBytes(body.substr(0, piece))));
    if (step.part_begins) writes.emplace_back(decoder.parts().back(), "");
    if (!step.data.empty()) writes.back().second += AsText(step.data);
    body.remove_prefix(step.consumed);
  }
  PBFS_RETURN_IF_ERROR(decoder.Finish());
  return writes;
}

const std::string kType = "multipart/byteranges; boundary=\"b:1\"";

std::string Part(const std::string& range, const std::string& data) {
  return "--b:1\r\nContent-Type: text/plain\r\nContent-Range: " + range + "\r\n\r\n" + data + "\r\n";
}

TEST(ByteRange, KnowsItsTypes) {
  EXPECT_TRUE(IsByteRangeType("message/byterange"));
  EXPECT_TRUE(IsByteRangeType("Multipart/ByteRanges; boundary=x"));
  EXPECT_FALSE(IsByteRangeType("multipart/form-data"));
  EXPECT_FALSE(IsByteRangeType(""));
}

TEST(ByteRange, AMessageIsOneRange) {
  const Writes expected{{{10, 15}, "he\r\no"}};
  for (const std::string range : {"bytes 10-14/*", "bytes 10-/*", "bytes 10-14/99"}) {
    EXPECT_EQ(*DecodeAll("message/byterange", "Content-Range: " + range + "\r\n\r\nhe\r\no"), expected) << range;
  }
  EXPECT_EQ(*DecodeAll("message/byterange", "content-type: a/b\ncontent-range: bytes 10-14/*\n\nhe\r\no"), expected);
}

TEST(ByteRange, PartsEndByTheirLength) {
  const std::string tricky = "x\r\n--b:1\r\nContent-Range: bytes 0-0/*\r\n\r\n--b:1--";
  const std::string body = "preamble\r\n" + Part("bytes 100-" + std::to_string(99 + tricky.size()) + "/*", tricky) +
                           Part("bytes 5-7/*", "abc") + "--b:1--\r\nepilogue";
  const Writes expected{{{100, 100 + static_cast<int64_t>(tricky.size())}, tricky}, {{5, 8}, "abc"}};
  EXPECT_EQ(*DecodeAll(kType, body), expected);
}

TEST(ByteRange, AnySplitOfTheInputGivesTheSameOutput) {
  const std::string body = Part("bytes 0-4/*", "\r\n--b") + Part("bytes 5-7/10", "abc") + "--b:1--";
  ASSERT_OK_AND_ASSIGN(const Writes whole, DecodeAll(kType, body));
  EXPECT_EQ(whole.size(), 2);
  for (size_t piece = 1; piece < body.size(); ++piece) EXPECT_EQ(*DecodeAll(kType, body, piece), whole) << piece;
}

TEST(ByteRange, EveryByteIsNeeded) {
  const std::string body = Part("bytes 0-4/*", "12345") + Part("bytes 5-7/10", "abc") + "--b:1--";
  for (size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(DecodeAll(kType, body.substr(0, size)).ok()) << size;
}

TEST(ByteRange, ContentLengthEndsAnOpenRange) {
  const std::string body = "--b:1\r\nContent-Range: bytes 7-/*\r\nContent-Length: 3\r\n\r\nabc\r\n--b:1--";
  EXPECT_EQ(*DecodeAll(kType, body), (Writes{{{7, 10}, "abc"}}));
}

TEST(ByteRange, WrongBodiesAreRefused) {
  const std::string end = "--b:1--";
  const std::pair<std::string, std::string> cases[] = {
      {"", "IncompleteBody"},
      {end, "IncompleteBody"},
      {Part("bytes 0-2/*", "abc"), "IncompleteBody"},
      {Part("bytes 0-2/*", "ab") + end, "InvalidRequest"},
      {Part("bytes 0-2/*", "abcd") + end, "InvalidRequest"},
      {Part("bytes 0-99/*", "abc") + end, "IncompleteBody"},
      {Part("bytes 0-/*", "abc") + end, "InvalidRequest"},
      {Part("bytes */3", "") + end, "InvalidRequest"},
      {Part("items 0-2/*", "abc") + end, "InvalidArgument"},
      {Part("bytes 2-0/*", "abc") + end, "InvalidRequest"},
      {Part("bytes 9223372036854775800-9223372036854775807/*", "abcdefgh") + end, "InvalidRequest"},
      {"--b:1\r\n\r\nabc\r\n" + end, "InvalidRequest"},
      {"--b:1\r\nContent-Offset: 5\r\n\r\nabc\r\n" + end, "InvalidRequest"},
      {"--b:1\r\nno field\r\n\r\nabc\r\n" + end, "InvalidRequest"},
      {"--b:1\r\nContent-Range: bytes 0-2/*\r\nContent-Range: bytes 0-2/*\r\n\r\nabc\r\n" + end, "InvalidRequest"},
      {"--b:1\r\nContent-Range: bytes 0-2/*\r\nContent-Length: 4\r\n\r\nabc\r\n" + end, "InvalidArgument"},
      {Part("bytes 0-2/*", "abc") + Part("bytes 2-4/*", "cde") + end, "InvalidRequest"},
      {Part("bytes 2-4/*", "cde") + Part("bytes 0-2/*", "abc") + end, "InvalidRequest"},
      {Part("bytes 0-9/*", "0123456789") + Part("bytes 2-4/*", "cde") + end, "InvalidRequest"},
      {Part("bytes 2-4/*", "cde") + Part("bytes 0-9/*", "0123456789") + end, "InvalidRequest"},
      {Part("bytes 0-2/*", "abc") + Part("bytes 3-5/*", "def") + end, "OK"},
      {std::string(5000, 'x'), "InvalidRequest"},
      {std::string(100, '\n'), "InvalidRequest"},
  };
  for (const auto& [body, code] : cases) EXPECT_S3(DecodeAll(kType, body), code) << body.substr(0, 200);
  EXPECT_S3(DecodeAll("message/byterange", "Content-Range: bytes 0-2/*\r\n\r\nabcd"), "InvalidArgument");
  EXPECT_S3(DecodeAll("message/byterange", "Content-Range: bytes 0-2/*\r\n\r\nab"), "InvalidArgument");
  EXPECT_S3(DecodeAll("message/byterange", "Content-Range: bytes */2\r\n\r\n"), "InvalidRequest");
  EXPECT_S3(DecodeAll("message/byterange", "\r\nabc"), "InvalidRequest");
  for (const std::string type : {"multipart/byteranges", "multipart/byteranges; boundary=", "text/plain", "",
                                 "multipart/byteranges; boundary=\"a\x01\"", "multipart/byteranges; boundary=\"a"}) {
    EXPECT_S3(DecodeAll(type, end), "InvalidRequest") << type;
  }
}

TEST(ByteRange, PartsAreLimited) {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += Part("bytes " + std::to_string(i) + "-" + std::to_string(i) + "/*", "x");
  EXPECT_EQ(DecodeAll(kType, body + "--b:1--")->size(), 1000);
  EXPECT_S3(DecodeAll(kType, body + Part("bytes 2000-2000/*", "x") + "--b:1--"), "InvalidRequest");
}

TEST(ByteRange, PartsMayExtendEachOther) {
  EXPECT_OK(CheckPatchStarts({{15, 20}, {10, 15}}, 10));
  EXPECT_OK(CheckPatchStarts({{0, 5}, {10, 12}}, 10));
  EXPECT_S3(CheckPatchStarts({{16, 20}, {10, 15}}, 10), "InvalidRange");
}

}  // namespace
}  // namespace pbfs::s3
