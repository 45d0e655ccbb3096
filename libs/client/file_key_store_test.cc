#include "libs/client/file_key_store.h"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/testing.h"

namespace pbfs {
namespace {

class FileKeyStoreTest : public testing::Test {
 protected:
  FileKeyStoreTest() {
    std::string pattern = testing::TempDir() + "pbfs-keys-XXXXXX";
    PBFS_CHECK(::mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
  }
  ~FileKeyStoreTest() override { std::filesystem::remove_all(directory); }
  FileKeyStore Open() { return FileKeyStore({directory + "/keys", admin, directory + "/admin"}, random); }

  SystemRandom random;
  std::string directory;
  PublicKey admin{};
};

TEST_F(FileKeyStoreTest, AnIdentityIsMadeOnceAndKept) {
  FileKeyStore first = Open(), second = Open();
  ASSERT_OK_AND_ASSIGN(const ClientIdentity made, first.Identity());
  ASSERT_OK_AND_ASSIGN(const ClientIdentity again, second.Identity());
  EXPECT_EQ(made.box.public_key, again.box.public_key);
  EXPECT_EQ(made.signing.public_key, again.signing.public_key);
  struct stat info {};
  ASSERT_EQ(::stat((directory + "/keys/identity").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((directory + "/keys").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(FileKeyStoreTest, AFileThatOthersMayReadIsRefused) {
  FileKeyStore store = Open();
  ASSERT_OK(store.Identity());
  ASSERT_EQ(::chmod((directory + "/keys/identity").c_str(), 0644), 0);
  EXPECT_CODE(store.Identity(), kPermissionDenied);
}

TEST_F(FileKeyStoreTest, AnIdentityApartIsReadAndNeverMade) {
  const std::string apart = directory + "/apart";
  FileKeyStore store({directory + "/keys", {}, "", apart}, random);
  EXPECT_CODE(store.Identity(), kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(apart));
  FileKeyStore other = Open();
  ASSERT_OK_AND_ASSIGN(const ClientIdentity made, other.Identity());
  std::filesystem::rename(directory + "/keys", directory + "/mounted");
  FileKeyStore sharing({directory + "/keys", {}, "", directory + "/mounted/identity"}, random);
  ASSERT_OK_AND_ASSIGN(const ClientIdentity shared, sharing.Identity());
  EXPECT_EQ(shared.box.public_key, made.box.public_key);
  EXPECT_EQ(shared.signing.public_key, made.signing.public_key);
  EXPECT_FALSE(std::filesystem::exists(directory + "/keys")) << "nothing was written yet";
  ASSERT_EQ(::chmod((directory + "/mounted/identity").c_str(), 0644), 0);
  EXPECT_CODE(sharing.Identity(), kPermissionDenied);
}

TEST_F(FileKeyStoreTest, TheDirectoryIsMadeForTheFirstKeyringThatIsRemembered) {
  FileKeyStore store({directory + "/keys", {}, "", directory + "/apart"}, random);
  const BucketId bucket = BucketId::NewRandom(random);
  ASSERT_OK_AND_ASSIGN(const auto none, store.LastKeyring(bucket));
  EXPECT_FALSE(none.has_value());
  SeenKeyring seen;
  seen.version = 3;
  ASSERT_OK(store.RememberKeyring(bucket, seen));
  ASSERT_OK_AND_ASSIGN(const auto last, store.LastKeyring(bucket));
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->version, 3);
  struct stat info {};
  ASSERT_EQ(::stat((directory + "/keys").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(FileKeyStoreTest, MalformedFilesAreRefused) {
  FileKeyStore store = Open();
  ASSERT_OK(store.Identity());
  const std::string path = directory + "/keys/identity";
  for (const char* text : {"", "pbfs-identity-1", "pbfs-identity-1 00 11", "pbfs-identity-2 x y", "\n"}) {
    std::ofstream(path, std::ios::trunc) << text;
    EXPECT_CODE(store.Identity(), kInvalidArgument);
  }
}

TEST_F(FileKeyStoreTest, TheAdminKeyIsMadeOnceAndNeverReplaced) {
  ASSERT_OK_AND_ASSIGN(admin, FileKeyStore::CreateAdminKey(directory + "/admin", random));
  EXPECT_CODE(FileKeyStore::CreateAdminKey(directory + "/admin", random), kAlreadyExists);
  FileKeyStore store = Open();
  ASSERT_OK_AND_ASSIGN(const SigningKey key, store.AdminKey());
  EXPECT_EQ(key.public_key, admin);
  ASSERT_OK_AND_ASSIGN(const PublicKey pinned, store.AdminPublicKey());
  EXPECT_EQ(pinned, admin);
  FileKeyStore without({directory + "/keys", {}, ""}, random);
  EXPECT_CODE(without.AdminKey(), kPermissionDenied);
  EXPECT_CODE(without.AdminPublicKey(), kNotFound);
}

TEST_F(FileKeyStoreTest, TheNewestKeyringIsRemembered) {
  FileKeyStore store = Open();
  ASSERT_OK(store.Identity());
  const BucketId bucket = BucketId::NewRandom(random);
  ASSERT_OK_AND_ASSIGN(const auto none, store.LastKeyring(bucket));
  EXPECT_FALSE(none.has_value());
  SeenKeyring seen;
  seen.version = 7;
  seen.hash.fill(0xab);
  ASSERT_OK(store.RememberKeyring(bucket, seen));
  for (const int64_t late : {6, 7}) ASSERT_OK(store.RememberKeyring(bucket, {late, {}}));
  FileKeyStore other = Open();
  ASSERT_OK_AND_ASSIGN(const auto kept, other.LastKeyring(bucket));
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->version, 7);
  EXPECT_EQ(kept->hash, seen.hash);
}

}  // namespace
}  // namespace pbfs
