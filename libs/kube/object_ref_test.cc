#include "libs/kube/object_ref.h"

#include <set>

#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

TEST(KindsTest, AreWrittenAsPathsAndBodiesNameThem) {
  EXPECT_EQ(kinds::kSecret.ApiVersion(), "v1");
  EXPECT_EQ(kinds::kStatefulSet.ApiVersion(), "apps/v1");
  std::set<std::string> seen;
  for (const Kind& kind : kinds::kAll) {
    EXPECT_TRUE(seen.insert(kind.ApiVersion() + "/" + std::string(kind.plural)).second) << kind.name;
    std::string begin(kind.name);
    for (char& c : begin) c = static_cast<char>(std::tolower(c));
    begin.pop_back();  // "policy", "policies"
    EXPECT_TRUE(kind.plural.starts_with(begin)) << kind.name;
  }
}

TEST(ObjectRefTest, ANameIsOneSegmentOfAPath) {
  const auto check = [](const std::string& name) { return CheckRef({kinds::kRole, "space", name}); };
  for (const std::string name : {"a", "demo-fs-0", "a.b", "system:node", "A_b"}) EXPECT_OK(check(name));
  for (const std::string name : {"", ".", "..", "a/b", "a?b", "a#b", "a%b", "a b", "a\nb"})
    EXPECT_CODE(check(name), kInvalidArgument);
  EXPECT_OK(check(std::string(253, 'a')));
  EXPECT_CODE(check(std::string(254, 'a')), kInvalidArgument);
}

TEST(ObjectRefTest, ANamespaceIsThereIfTheKindHasOne) {
  EXPECT_OK(CheckRef({kinds::kNode, "", "a"}));
  EXPECT_CODE(CheckRef({kinds::kNode, "space", "a"}), kInvalidArgument);
  EXPECT_CODE(CheckRef({kinds::kPod, "", "a"}), kInvalidArgument);
  EXPECT_CODE(CheckRef({kinds::kPod, "../x", "a"}), kInvalidArgument);
}

TEST(ObjectRefTest, AnObjectSaysWhereItStands) {
  Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "a"}, {"namespace", "space"}}}};
  EXPECT_EQ(*RefOf(kinds::kPod, pod), (ObjectRef{kinds::kPod, "space", "a"}));
  EXPECT_CODE(RefOf(kinds::kSecret, pod), kInvalidArgument);
  for (const Json& bad : std::vector<Json>{Json(), 7, "text", Json::array(), Json::object()})
    EXPECT_CODE(RefOf(kinds::kPod, bad), kInvalidArgument);
  pod["metadata"]["name"] = 7;
  EXPECT_CODE(RefOf(kinds::kPod, pod), kInvalidArgument);
}

TEST(SelectionTest, LabelsAreEqualities) {
  const auto check = [](const std::string& labels) { return CheckSelection({kinds::kPod, "", labels}); };
  for (const std::string labels : {"", "a=b", "a=", "pbfs.dev/cluster=demo,b=c"}) EXPECT_OK(check(labels));
  for (const std::string labels : {"a", "=b", "a==b", "a!=b,", "a in (b)", ",a=b"})
    EXPECT_CODE(check(labels), kInvalidArgument);
}

TEST(SelectionTest, AllLabelsMustBeThere) {
  const Json object = {{"metadata", {{"labels", {{"a", "1"}, {"b", ""}, {"c", 3}}}}}};
  for (const std::string labels : {"", "a=1", "a=1,b="}) EXPECT_TRUE(HasLabels(object, labels)) << labels;
  for (const std::string labels : {"a=2", "a=", "a=1,d=", "c=3", "c="})
    EXPECT_FALSE(HasLabels(object, labels)) << labels;
  EXPECT_FALSE(HasLabels(Json(), "a=1"));
}

}  // namespace
}  // namespace pbfs::kube
