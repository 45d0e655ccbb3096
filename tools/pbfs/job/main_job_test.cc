// The main job over the in-memory twins: its own rules, without a cluster of processes. tests/integration runs the real one.
#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"
#include "tools/pbfs/job/job.h"
#include "tools/pbfs/job/source.h"

namespace pbfs::cli {
namespace {

class RandomSource final : public ByteSource {
 public:
  explicit RandomSource(int64_t size) : left_(size) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    const size_t count = static_cast<size_t>(std::min(left_, static_cast<int64_t>(out.size())));
    FillContent(static_cast<uint64_t>(left_), out.first(count));
    left_ -= static_cast<int64_t>(count);
    return count;
  }

 private:
  int64_t left_;
};

JobOptions SmallJob() {
  return {.size = 9'000'001,
          .patches = TestScaled(40),
          .seed = TestSeed(),
          .bucket = "job",
          .scratch = ::testing::TempDir()};
}

TEST(MainJob, SameBytesWithStoresLostMeanwhile) {
  TwinCluster cluster({.stores = 8});
  const auto client = cluster.NewClient();
  const JobHooks hooks{.kills = {{"0", 0.3}, {"5", 0.6}}, .kill = [&](const std::string& store) {
                         cluster.store(std::stoi(store)).SetDown(true);
                         return OkStatus();
                       }};
  RandomSource source(SmallJob().size);
  ASSERT_OK_AND_ASSIGN(const JobReport report, MainJob(*client, SmallJob(), hooks).Run(TestContext(), source));
  EXPECT_TRUE(report.same()) << FormatReport(report);
  EXPECT_EQ(report.killed, (std::vector<std::string>{"0", "5"}));
  EXPECT_EQ(report.object_size, 9'000'001);
  EXPECT_EQ(report.patches, TestScaled(40));
  EXPECT_EQ(report.sha256_object.size(), 64u);
  EXPECT_GT(report.patches_sent, report.patch_bytes);
  EXPECT_THAT(FormatReport(report), ::testing::HasSubstr("SAME"));
  EXPECT_EQ(ReportJson(report)["same"], true);
}

/// Another client writes what the job does not know of.
TEST(MainJob, AStrangersWriteIsNoticed) {
  TwinCluster cluster({.stores = 8});
  const auto client = cluster.NewClient();
  const auto stranger = cluster.NewClient();
  const JobHooks hooks{.kills = {{"write", 0.5}}, .kill = [&](const std::string&) -> Status {
                         PBFS_ASSIGN_OR_RETURN(Bucket bucket, stranger->OpenBucket(TestContext(), "job"));
                         PBFS_ASSIGN_OR_RETURN(const ObjectId object, bucket.Find(TestContext(), "usr.tar"));
                         return bucket.Write(TestContext(), object, 77, AsBytes("not by the job")).status();
                       }};
  RandomSource source(SmallJob().size);
  EXPECT_CODE(MainJob(*client, SmallJob(), hooks).Run(TestContext(), source), kDataLoss);
}

TEST(MainJob, AFailedKillEndsIt) {
  TwinCluster cluster({.stores = 8});
  const auto client = cluster.NewClient();
  const JobHooks hooks{.kills = {{"x", 0.1}},
                       .kill = [](const std::string&) { return NotFoundError("no such process"); }};
  RandomSource source(SmallJob().size);
  EXPECT_CODE(MainJob(*client, SmallJob(), hooks).Run(TestContext(), source), kNotFound);
}

TEST(TarSource, RepeatsUpToTheSize) {
  ASSERT_OK_AND_ASSIGN(TarSource source, TarSource::Open("/etc/apt", 3'000'000));
  Bytes all(4'000'000);
  ASSERT_OK_AND_ASSIGN(const size_t count, source.Read(TestContext(), all));
  EXPECT_EQ(count, 3'000'000u);
  EXPECT_EQ(*source.Read(TestContext(), all), 0u);
  EXPECT_CODE(TarSource::Open("/no/such/directory", 10), kNotFound);
}

TEST(JobReport, ADifferenceIsSaid) {
  JobReport report;
  report.k = 4;
  report.m = 2;
  report.first_difference = 5;
  EXPECT_FALSE(report.same());
  EXPECT_THAT(FormatReport(report), ::testing::HasSubstr("DIFFERENT from byte 5"));
}

}  // namespace
}  // namespace pbfs::cli
