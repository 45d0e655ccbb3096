#include "libs/runtime/variables.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

Result<std::string> Expand(std::string_view text) {
  return ExpandVariables(text, [](const std::string& name) -> std::optional<std::string> {
    if (name == "POD") return "store-0";
    if (name == "NESTED") return "$(POD)";
    if (name == "EMPTY") return "";
    return std::nullopt;
  });
}

TEST(VariablesTest, AreReplacedOnce) {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"a:1", "a:1"},
                                                        {"$(POD).stores.ns.svc:9100", "store-0.stores.ns.svc:9100"},
                                                        {"$(POD)$(POD)", "store-0store-0"},
                                                        {"$(NESTED)", "$(POD)"},
                                                        {"<$(EMPTY)>", "<>"},
                                                        {"$$(POD)", "$(POD)"},
                                                        {"$$(POD)$(POD)", "$(POD)store-0"},
                                                        {"$$$(POD)", "$$(POD)"},
                                                        {"$POD $ $$ )", "$POD $ $$ )"}}) {
    ASSERT_OK_AND_ASSIGN(const std::string out, Expand(text));
    EXPECT_EQ(out, expected) << text;
  }
}

TEST(VariablesTest, OneThatIsNotSetIsNamed) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"a $(NODE)", "NODE, which is not set"}, {"$()", "which is not set"}, {"$(POD", "without )"}}) {
    const auto refused = Expand(text);
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(what));
  }
}

}  // namespace
}  // namespace pbfs
