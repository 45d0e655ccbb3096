#include "libs/adapters/disk/store_identity.h"

#include "libs/adapters/disk/memory_file_system.h"
#include "libs/adapters/disk/start_mark.h"
#include "libs/base/testing.h"

namespace pbfs::disk {
namespace {

using ::testing::HasSubstr;

class StoreIdentityTest : public testing::Test {
 protected:
  /// As the store that asks, if it has to, and would be told the next number.
  Result<WrittenIdentity> Settle(uint8_t cluster = 1) {
    return SettleIdentity(files_, {cluster}, [this, cluster]() -> Result<WrittenIdentity> {
      if (!catalog_.ok()) return catalog_;
      return WrittenIdentity{{{cluster}, StoreId{++asked_}}, Key32::FromBytes(Bytes(32, 7))};
    });
  }
  void Write(const std::string& name, const std::string& text) {
    (void)files_.Remove(name);
    ASSERT_OK_AND_ASSIGN(const auto file, files_.Open(name, true));
    const ByteSpan part = AsBytes(text);
    ASSERT_OK(file->WriteAt(0, {&part, 1}));
  }

  MemoryFileSystem files_;
  Status catalog_;
  uint32_t asked_ = 0;
};

TEST_F(StoreIdentityTest, AStoreAsksOnceAndIsTheSameAfterEveryCrash) {
  ASSERT_OK_AND_ASSIGN(const WrittenIdentity first, Settle());
  EXPECT_EQ(first.owner.store, StoreId{1});
  for (int i = 0; i < 3; ++i) {
    files_.Restart(MemoryFileSystem::Loss::kUnsynced);
    ASSERT_OK_AND_ASSIGN(const WrittenIdentity again, Settle());
    EXPECT_EQ(FormatIdentity(again), FormatIdentity(first));
  }
  EXPECT_EQ(asked_, 1u);
}

// Whatever a crash leaves: the number that was told to somebody is on the disk, or nobody was told.
TEST_F(StoreIdentityTest, ACrashAnywhereLeavesAllOrNothing) {
  for (int64_t at = 1;; ++at) {
    MemoryFileSystem fresh;
    uint32_t asked = 0;
    const auto settle = [&] {
      return SettleIdentity(fresh, {1}, [&]() -> Result<WrittenIdentity> {
        return WrittenIdentity{{{1}, StoreId{++asked}}, Key32()};
      });
    };
    fresh.StopAt(at);
    const auto first = settle();
    const bool over = !fresh.stopped();
    fresh.Restart(MemoryFileSystem::Loss::kUnsynced);
    ASSERT_OK_AND_ASSIGN(const WrittenIdentity second, settle());
    if (first.ok()) {
      EXPECT_EQ(second.owner, first->owner) << at;
    }
    fresh.Restart(MemoryFileSystem::Loss::kUnsynced);
    ASSERT_OK_AND_ASSIGN(const WrittenIdentity third, settle());
    EXPECT_EQ(third.owner, second.owner) << at;
    if (over) return;
  }
}

TEST_F(StoreIdentityTest, WithoutACatalogNothingIsWritten) {
  catalog_ = UnavailableError("away");
  EXPECT_CODE(Settle(), kUnavailable);
  catalog_ = OkStatus();
  ASSERT_OK_AND_ASSIGN(const WrittenIdentity identity, Settle());
  EXPECT_EQ(identity.owner.store, StoreId{1});
}

TEST_F(StoreIdentityTest, ADirectoryOfAnotherClusterIsRefused) {
  ASSERT_OK(Settle());
  const auto refused = Settle(2);
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.status().message(), HasSubstr("give the store its own directory"));
  EXPECT_EQ(asked_, 1u);
}

TEST_F(StoreIdentityTest, AFileThatIsNoIdentityIsRefusedAndLeftAlone) {
  for (const std::string text : {"", "pbfs-store-1", "rubbish\n"}) {
    Write("identity", text);
    const auto refused = Settle();
    EXPECT_CODE(refused, kFailedPrecondition);
    EXPECT_THAT(refused.status().message(), HasSubstr("memory/identity is not the identity of a store: restore it"));
  }
  EXPECT_EQ(asked_, 0u);
}

TEST_F(StoreIdentityTest, OldDataGetsNoNewNumber) {
  for (const std::string name : {"volume-0000000012", "index", "start"}) {
    Write(name, "x");
    const auto refused = Settle();
    EXPECT_CODE(refused, kFailedPrecondition);
    EXPECT_THAT(refused.status().message(), HasSubstr("configure store_id and store_key_file of that store"));
    ASSERT_OK(files_.Remove(name));
  }
  EXPECT_EQ(asked_, 0u);
  EXPECT_OK(Settle());
}

TEST_F(StoreIdentityTest, OfTwoAtOnceOneAsks) {
  ASSERT_OK_AND_ASSIGN(const auto lock, files_.Lock());
  EXPECT_CODE(Settle(), kFailedPrecondition);
  EXPECT_EQ(asked_, 0u);
}

TEST_F(StoreIdentityTest, AFullDiskRefusesAndTheNextStartAsksAgain) {
  files_.set_capacity(0);
  EXPECT_CODE(Settle(), kResourceExhausted);
  files_.set_capacity(1 << 20);
  ASSERT_OK_AND_ASSIGN(const WrittenIdentity identity, Settle());
  EXPECT_EQ(identity.owner.store, StoreId{2});
}

TEST(IdentityTextTest, IsOneLineAndOnlyThat) {
  const std::string cluster = "0198c4a2-0000-7000-8000-000000000001", key(64, 'a');
  const std::string text = "pbfs-store-1 " + cluster + " 7 " + key + "\n";
  const auto identity = ParseIdentity(text);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->owner.store, StoreId{7});
  EXPECT_EQ(FormatUuid(identity->owner.cluster), cluster);
  EXPECT_EQ(ToHex(identity->key.span()), key);
  EXPECT_EQ(FormatIdentity(*identity), text);
  const std::string head = "pbfs-store-1 " + cluster;
  for (const std::string& bad :
       {text.substr(0, text.size() - 1), text + "x", text + text, head + " 0 " + key + "\n", head + " 07 " + key + "\n",
        head + " -1 " + key + "\n", head + " 4294967296 " + key + "\n", head + " 7 " + key.substr(2) + "\n",
        head + " 7 " + std::string(64, 'A') + "\n", head + "  7 " + key + "\n", "pbfs-store-2" + text.substr(12)})
    EXPECT_FALSE(ParseIdentity(bad).has_value()) << bad;
}

}  // namespace
}  // namespace pbfs::disk
