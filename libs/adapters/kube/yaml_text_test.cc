#include "libs/adapters/kube/yaml_text.h"

#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

TEST(YamlTextTest, IsPlainJsonInUtf8WithoutEscapedSlashes) {
  const Json value = {{"a/b", "caf\xC3\xA9 \xF0\x9F\x98\x80 \xEF\xBF\xBD \xC2\xA0"}, {"list", {1, true, nullptr, 1.5}}};
  EXPECT_EQ(*DumpYaml(value),
            "{\"a/b\":\"caf\xC3\xA9 \xF0\x9F\x98\x80 \xEF\xBF\xBD \xC2\xA0\",\"list\":[1,true,null,1.5]}");
}

TEST(YamlTextTest, EscapesWhatYamlDoesNotTakeForText) {
  EXPECT_EQ(*DumpYaml("\t\n\x01\x7F"), R"("\t\n\u0001\u007f")");
  EXPECT_EQ(*DumpYaml("\xC2\x80\xC2\x85\xC2\x9F"), R"("\u0080\u0085\u009f")");
  EXPECT_EQ(*DumpYaml("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
  EXPECT_EQ(*DumpYaml("\xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF"), R"("\ufeff\ufffe\uffff")");
}

TEST(YamlTextTest, MeansTheSameAsItsJsonForEveryCharacter) {
  std::string all;
  const auto add = [&](std::initializer_list<uint32_t> bytes) {
    for (const uint32_t byte : bytes) all += static_cast<char>(byte);
  };
  for (uint32_t c = 1; c < 0x80; ++c) add({c});
  for (uint32_t c = 0x80; c < 0x800; ++c) add({0xC0 | c >> 6, 0x80 | (c & 0x3F)});
  for (uint32_t c = 0x800; c < 0x10000; ++c)
    if (c < 0xD800 || c > 0xDFFF) add({0xE0 | c >> 12, 0x80 | (c >> 6 & 0x3F), 0x80 | (c & 0x3F)});
  for (uint32_t c = 0x10000; c < 0x110000; c += 0x111)
    add({0xF0 | c >> 18, 0x80 | (c >> 12 & 0x3F), 0x80 | (c >> 6 & 0x3F), 0x80 | (c & 0x3F)});
  EXPECT_EQ(*ParseJson(*DumpYaml(all)), all);
}

TEST(YamlTextTest, TextThatIsNotUtf8IsRefused) {
  for (const std::string text : {"\xC3", "\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"})
    EXPECT_CODE(DumpYaml(Json{{"a", text}}), kInvalidArgument);
}

}  // namespace
}  // namespace pbfs::kube
