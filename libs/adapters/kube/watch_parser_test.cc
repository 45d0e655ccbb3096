#include "libs/adapters/kube/watch_parser.h"

#include <vector>

#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

using Type = WatchEvent::Type;

/// What a server sends: two changes with a bookmark between them.
const std::string kLines = R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}})"
                           "\n"
                           R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
                           "\r\n\n"
                           R"({"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"12"}}})"
                           "\n";

std::vector<std::pair<Type, std::string>> Parse(const std::string& bytes, size_t piece, Status* status = nullptr) {
  std::vector<std::pair<Type, std::string>> events;
  WatchParser parser(200);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const Status added = parser.Add(std::string_view(bytes).substr(at, piece),
                                    [&](const WatchEvent& event) { events.emplace_back(event.type, event.version); });
    if (status != nullptr) *status = added;
  }
  return events;
}

Status ErrorOf(const std::string& bytes) {
  Status status;
  (void)Parse(bytes, 10, &status);
  return status;
}

TEST(WatchParserTest, LinesComeInAnyPieces) {
  const std::vector<std::pair<Type, std::string>> wanted = {
      {Type::kAdded, "7"}, {Type::kBookmark, "9"}, {Type::kDeleted, "12"}};
  for (size_t piece = 1; piece <= kLines.size(); ++piece) EXPECT_EQ(Parse(kLines, piece), wanted) << piece;
}

TEST(WatchParserTest, ALineWithoutItsEndIsNotThereYet) {
  EXPECT_EQ(Parse(kLines.substr(0, kLines.size() - 1), 50).size(), 2u);
}

TEST(WatchParserTest, AnExpiredVersionIsOutOfRangeAndOtherErrorsAreNot) {
  EXPECT_CODE(ErrorOf(R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
                      "\n"),
              kOutOfRange);
  EXPECT_CODE(ErrorOf(R"({"type":"ERROR","object":{"kind":"Status","code":500}})"
                      "\n"),
              kUnavailable);
}

TEST(WatchParserTest, NonsenseIsAnErrorAndStaysOne) {
  for (const std::string line :
       {"x", "[]", "7", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":7})", R"({"type":"ADDED","object":)",
        R"({"type":"ADDED","object":{"metadata":{"resourceVersion":7}}})", R"({"type":"NEW","object":{}})"}) {
    EXPECT_CODE(ErrorOf(line + "\n" + kLines), kUnavailable);
    EXPECT_TRUE(Parse(line + "\n" + kLines, 1000).empty()) << line;
  }
}

TEST(WatchParserTest, ALineThatDoesNotEndAndDeepNestingAreRefused) {
  EXPECT_CODE(ErrorOf(std::string(201, ' ')), kUnavailable);
  EXPECT_CODE(WatchParser::ParseLine(std::string(100'000, '[')), kUnavailable);
  EXPECT_CODE(ParseJson(std::string(70, '[') + std::string(70, ']')), kInvalidArgument);
  EXPECT_OK(ParseJson(std::string(60, '[') + std::string(60, ']')));
}

}  // namespace
}  // namespace pbfs::kube
