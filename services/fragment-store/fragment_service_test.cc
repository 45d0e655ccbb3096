#include "services/fragment-store/fragment_service.h"

#include <filesystem>

#include <stdlib.h>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/adapters/disk/memory_file_system.h"
#include "libs/adapters/disk/posix_file_system.h"
#include "libs/fragments/fragment_store_contract.h"

namespace pbfs::fragment_store {
namespace {

disk::DiskOptions SmallDisk() {
  disk::DiskOptions options;
  options.owner = {{1, 2, 3}, StoreId{3}};
  options.volume_size = 4 << 20;
  options.reserve = 1 << 20;
  options.allocate_step = 1 << 20;
  return options;
}

/// The service over a directory of this machine.
class DirectoryService {
 public:
  DirectoryService() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pbfs-store-XXXXXX").string();
    PBFS_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    auto files = disk::OpenPosixFileSystem(directory_);
    PBFS_CHECK(files.ok());
    volumes_ = *disk::DiskVolumes::Open(*std::move(files), SmallDisk(), clock_, random_);
    service_ = std::make_unique<FragmentService>(StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, *volumes_, clock_,
                                                 ServiceLimits{});
  }
  ~DirectoryService() {
    service_.reset();
    volumes_.reset();
    std::filesystem::remove_all(directory_);
  }
  FragmentStore& store() { return *service_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  SystemRandom random_;
  std::string directory_;
  std::unique_ptr<disk::DiskVolumes> volumes_;
  std::unique_ptr<FragmentService> service_;
};

/// The same over a directory in memory, with or without tokens.
template <bool kTokens>
class MemoryFixture {
 public:
  FragmentStore& store() { return service_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  SeededRandom random_{TestSeed()};
  std::unique_ptr<disk::DiskVolumes> volumes_ =
      *disk::DiskVolumes::Open(std::make_shared<disk::MemoryFileSystem>(), SmallDisk(), clock_, random_);
  FragmentService service_{
      kTokens ? TestIdentity() : StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, *volumes_, clock_, {}};
};

}  // namespace
}  // namespace pbfs::fragment_store

namespace pbfs {
INSTANTIATE_TYPED_TEST_SUITE_P(ServiceOnDisk, FragmentStoreContract, fragment_store::DirectoryService);
INSTANTIATE_TYPED_TEST_SUITE_P(ServiceInMemory, FragmentStoreContract, fragment_store::MemoryFixture<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(ServiceInMemory, FragmentStoreTokenContract, fragment_store::MemoryFixture<true>);
}  // namespace pbfs

namespace pbfs::fragment_store {
namespace {

class FragmentServiceTest : public testing::Test {
 protected:
  void Start(const ServiceLimits& limits) {
    service_ =
        std::make_unique<FragmentService>(StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, *volumes_, clock_, limits);
  }
  TestFragment NewFragment(int64_t length = 10'000) {
    return MakeTestFragment({NewEncodingId(kTestNowMs, 1, random_), 2}, {length, 8}, random_);
  }
  std::unique_ptr<FragmentWriter> StartPut(const TestFragment& fragment) {
    return service_->StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
  }

  ManualClock clock_{kTestNowMs * 1000};
  SeededRandom random_{TestSeed()};
  std::unique_ptr<disk::DiskVolumes> volumes_ =
      *disk::DiskVolumes::Open(std::make_shared<disk::MemoryFileSystem>(), SmallDisk(), clock_, random_);
  std::unique_ptr<FragmentService> service_;
};

TEST_F(FragmentServiceTest, PutsBeyondTheLimitAreRefusedWithAHint) {
  Start({2, 10, 1 << 20, 1});
  const TestFragment fragments[] = {NewFragment(), NewFragment(), NewFragment()};
  auto first = StartPut(fragments[0]);
  auto second = StartPut(fragments[1]);
  auto third = StartPut(fragments[2]);
  const Status refused = third->Finish(TestContext()).status();
  EXPECT_CODE(refused, kResourceExhausted);
  EXPECT_TRUE(refused.Detail("retry-after-ms").has_value());
  EXPECT_EQ(service_->load().refused, 1);
  first.reset();
  third = StartPut(fragments[2]);
  ASSERT_OK(third->Append(TestContext(), fragments[2].bytes));
  EXPECT_OK(third->Finish(TestContext()));
}

TEST_F(FragmentServiceTest, MemoryOfPutsAndReadsIsBounded) {
  Start({100, 100, 3 << 20, 1});
  const TestFragment big = NewFragment(40 << 20);
  auto one = StartPut(big);
  auto two = StartPut(NewFragment(40 << 20));
  EXPECT_CODE(two->Finish(TestContext()), kResourceExhausted);
  EXPECT_EQ(service_->load().memory, 2 << 20);
  auto read = service_->StartRead(TestContext(), {{{big.key, 0, 2 << 20}}, {}}, {});
  EXPECT_CODE(read->Wait(TestContext()), kResourceExhausted);
  one.reset();
  EXPECT_EQ(service_->load().memory, 0);
  read = service_->StartRead(TestContext(), {{{big.key, 0, 2 << 20}}, {}}, {});
  EXPECT_CODE(read->Wait(TestContext())->parts[0].status, kNotFound);
  read.reset();
  EXPECT_EQ(service_->load().reads, 0);
  EXPECT_EQ(service_->load().memory, 0);
}

TEST_F(FragmentServiceTest, EndedPutsGiveTheirShareBack) {
  Start({1, 10, 10 << 20, 1});
  for (int i = 0; i < 5; ++i) {
    const TestFragment fragment = NewFragment();
    auto put = StartPut(fragment);
    ASSERT_OK(put->Append(TestContext(), fragment.bytes));
    ASSERT_OK(put->Finish(TestContext()));
  }
  const TestFragment fragment = NewFragment();
  auto broken = StartPut(fragment);
  EXPECT_CODE(broken->Append(TestContext(), Buffer::CopyOf(Bytes(200))), kInvalidArgument);
  EXPECT_EQ(service_->load().puts, 0) << "a refused put holds nothing, though its writer lives";
}

}  // namespace
}  // namespace pbfs::fragment_store
