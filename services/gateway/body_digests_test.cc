#include "services/gateway/body_digests.h"

#include "libs/base/random.h"
#include "libs/base/testing.h"

namespace pbfs::gateway {
namespace {

TEST(BodyDigests, AreTheSameHoweverTheBytesCome) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  Executor executor("digests", 3, 4), full("full", 1, 0);
  for (int i = 0; i < TestScaled(30); ++i) {
    Bytes body(random.Below(300'000));
    random.Fill(body);
    BodyDigests digests;
    digests.md5.emplace();
    digests.made.emplace(s3::ChecksumAlgorithm::kCrc64Nvme);
    digests.sha256.emplace(s3::ChecksumAlgorithm::kSha256);
    for (ByteSpan rest = body; !rest.empty();) {
      const ByteSpan bytes = rest.first(1 + random.Below(rest.size()));
      rest = rest.subspan(bytes.size());
      const uint64_t how = random.Below(3);
      if (how == 0) digests.Update(bytes);
      if (how == 1) digests.UpdateBeside(executor, bytes);
      if (how == 2) digests.UpdateBeside(full, bytes);  // has no room: then it is made at once
    }
    digests.Await();
    s3::Md5 md5;
    s3::Checksum crc(s3::ChecksumAlgorithm::kCrc64Nvme), sha256(s3::ChecksumAlgorithm::kSha256);
    md5.Update(body), crc.Update(body), sha256.Update(body);
    EXPECT_EQ(digests.md5->Finish(), md5.Finish());
    EXPECT_EQ(digests.made->Finish(), crc.Finish());
    EXPECT_EQ(digests.sha256->Finish(), sha256.Finish());
  }
}

}  // namespace
}  // namespace pbfs::gateway
