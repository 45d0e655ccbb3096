#include "services/operator/release.h"

#include "libs/base/testing.h"
#include "services/operator/fake_world.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::HasSubstr;

OperatorOptions OptionsOf(const std::string& version) {
  OperatorOptions options = FakeWorld::Options();
  options.version = version;
  return options;
}

ClusterSpec SpecOf(const std::string& version) {
  ClusterSpec spec;
  spec.version = version;
  return spec;
}

TEST(ReleaseTest, OneComesAfterTheOther) {
  const auto next = [](const char* now, const char* then) { return IsNext(*ReleaseOf(now), *ReleaseOf(then)); };
  EXPECT_TRUE(next("0.1.0", "0.1.7"));
  EXPECT_TRUE(next("0.1.7", "0.1.0-rc.1"));
  EXPECT_TRUE(next("0.1.0", "0.2.0"));
  EXPECT_TRUE(next("1.9.0", "2.0.0"));
  EXPECT_FALSE(next("0.1.0", "0.3.0"));
  EXPECT_FALSE(next("0.2.0", "0.1.0"));
  EXPECT_FALSE(next("1.9.0", "2.1.0"));
  EXPECT_EQ(ReleaseOf("latest"), std::nullopt);
}

TEST(ReleaseTest, AVersionIsTheTagOfTheOperatorsImages) {
  OperatorOptions options = OptionsOf("0.1.0");
  options.images.catalog = "registry:5000/pbfs-catalog";
  options.images.gateway = "registry:5000/pbfs-gateway@sha256:00";
  EXPECT_EQ(ImagesOf(SpecOf(""), options).repairer, "registry.example/pbfs-repairer:0.1.0");
  EXPECT_EQ(ImagesOf(SpecOf("0.1.0"), options).catalog, "registry:5000/pbfs-catalog");
  const Images images = ImagesOf(SpecOf("0.1.1"), options);
  EXPECT_EQ(images.repairer, "registry.example/pbfs-repairer:0.1.1");
  EXPECT_EQ(images.postgres, "registry.example/pbfs-postgres:0.1.1");
  EXPECT_EQ(images.catalog, "registry:5000/pbfs-catalog:0.1.1");
  EXPECT_EQ(images.gateway, "registry:5000/pbfs-gateway@sha256:00");
}

TEST(ReleaseTest, AnOperatorKnowsItsOwnReleaseAndTheOneBefore) {
  const OperatorOptions options = OptionsOf("0.4.1");
  for (const char* known : {"", "0.4.0", "0.4.9", "0.3.2"})
    EXPECT_TRUE(CheckRelease(SpecOf(known), options).empty()) << known;
  for (const char* unknown : {"0.5.0", "1.0.0", "0.2.0"})
    EXPECT_FALSE(CheckRelease(SpecOf(unknown), options).empty()) << unknown;
  EXPECT_THAT(CheckRelease(SpecOf("0.5.0"), options)[0].message, HasSubstr("upgrade the operator first"));
}

TEST(ReleaseTest, OfImagesByDigestNobodyKnowsAnotherVersions) {
  OperatorOptions options = OptionsOf("0.1.0");
  options.images.gateway = "pbfs-gateway@sha256:00";
  EXPECT_TRUE(CheckRelease(SpecOf("0.1.0"), options).empty());
  EXPECT_FALSE(CheckRelease(SpecOf("0.1.1"), options).empty());
  ClusterSpec named = SpecOf("0.1.1");
  named.image = "pbfs@sha256:11";
  EXPECT_TRUE(CheckRelease(named, options).empty());
}

}  // namespace
}  // namespace pbfs::operators
