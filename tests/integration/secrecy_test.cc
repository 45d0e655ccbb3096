// What the servers of a cluster get to see: no plaintext and no key of a client, in no file and in no memory.
#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "libs/client/file_key_store.h"
#include "libs/crypto/primitives.h"
#include "libs/format/body.h"
#include "libs/format/keyring.h"
#include "libs/runtime/connection.h"
#include "libs/runtime/secret_file.h"
#include "tests/integration/cluster_fixture.h"
#include "tests/integration/secret_scanner.h"
#include "tools/local/client_keys.h"
#include "tools/local/identities.h"

namespace pbfs {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int kStores = 3;

class Secrecy : public ::testing::Test {
 protected:
  Secrecy() : running_(kStores, 2) {}

  void SetUp() override {
    ASSERT_OK(running_.status());
    ASSERT_OK_AND_ASSIGN(connection_, Connection::Open(running_.cluster().client_config()));
  }
  const std::string& directory() { return running_.cluster().directory(); }
  Client& client() { return connection_->client(); }

  Bytes Random(size_t size) {
    Bytes bytes(size);
    random_.Fill(bytes);
    return bytes;
  }
  /// A payload in which every segment, and every block of it, holds the marker.
  static Bytes Repeated(const Bytes& marker, size_t size) {
    Bytes payload(size);
    for (size_t i = 0; i < size; ++i) payload[i] = marker[i % marker.size()];
    return payload;
  }
  Bucket MakeBucket(const std::string& name, Integrity integrity) {
    BucketSettings settings{.name = name, .integrity = integrity};
    settings.k = 2;
    settings.m = 1;
    settings.history_ms = 3'600'000;
    auto bucket = client().CreateBucket(TestContext(), settings);
    PBFS_CHECK(bucket.ok(), bucket.status().ToString());
    return *std::move(bucket);
  }
  /// Rows of an SQL query on the primary, columns separated by |.
  std::vector<std::string> Query(const std::string& sql, int node = 1) {
    const auto psql = local::FindProgram("psql");
    PBFS_CHECK(psql.ok());
    const auto answer =
        local::RunProgram(TestContext(), {.argv = {*psql, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d",
                                                   running_.cluster().AdminConnectionString(node)}});
    PBFS_CHECK(answer.ok(), answer.status().ToString());
    std::vector<std::string> rows;
    for (size_t at = 0; at < answer->size();) {
      const size_t end = std::min(answer->find('\n', at), answer->size());
      rows.push_back(answer->substr(at, end - at));
      at = end + 1;
    }
    return rows;
  }

  /// The keys of a bucket, and of every body in it.
  void LookForKeysOf(const Bucket& bucket, const FileKeyStore::Options& options) {
    FileKeyStore keys(options, random_);
    ASSERT_OK_AND_ASSIGN(const ClientIdentity identity, keys.Identity());
    ASSERT_OK_AND_ASSIGN(const Keyring keyring, Keyring::Decode(bucket.info().keyring, options.admin_public_key));
    ASSERT_OK_AND_ASSIGN(const auto opened, OpenKeyring(keyring, identity.box));
    const auto& [epoch, bucket_key] = opened.front();
    const BucketKeys derived = BucketKeys::Derive(bucket.info().id, epoch, bucket_key);
    scanner_.LookFor("bucket key", bucket_key.span());
    scanner_.LookFor("KEK", derived.kek.span());
    scanner_.LookFor("KMAC", derived.kmac.span());
    scanner_.LookFor("KMETA", derived.kmeta.span());
    for (const std::string& row : Query("SELECT body_id, encode(wrapped_dek, 'hex') FROM pbfs.body")) {
      ASSERT_OK_AND_ASSIGN(const BodyId body, BodyId::Parse(row.substr(0, row.find('|'))));
      ASSERT_OK_AND_ASSIGN(const Bytes wrapped, FromHex(row.substr(row.find('|') + 1)));
      const Result<Key32> dek = UnwrapDek(derived, body, wrapped);
      if (!dek.ok()) continue;  // of another bucket
      ++deks_;
      scanner_.LookFor("DEK", dek->span());
      scanner_.LookFor("K_enc", BodyEncryptionKey(*dek, body).span());
    }
  }
  void LookForClientKeys(const FileKeyStore::Options& options) {
    FileKeyStore keys(options, random_);
    ASSERT_OK_AND_ASSIGN(const ClientIdentity identity, keys.Identity());
    ASSERT_OK_AND_ASSIGN(const SigningKey admin, keys.AdminKey());
    scanner_.LookFor("identity, X25519", identity.box.secret.span());
    // The second half of an Ed25519 secret is the public key.
    scanner_.LookFor("identity, Ed25519", identity.signing.secret.span().first(32));
    scanner_.LookFor("administrator's key", admin.secret.span().first(32));
    ASSERT_OK_AND_ASSIGN(const std::string seeds, local::ReadTextFile(options.directory + "/identity"));
    ASSERT_EQ(seeds.substr(0, 16), "pbfs-identity-1 ");
    ASSERT_OK_AND_ASSIGN(const Bytes box_seed, FromHex(seeds.substr(16, 64)));
    scanner_.LookFor("identity, seed of X25519", box_seed);
  }
  Result<FileKeyStore::Options> KeyFiles() {
    PBFS_ASSIGN_OR_RETURN(const std::string config, local::ReadTextFile(running_.cluster().client_config()));
    const auto json = nlohmann::json::parse(config);
    PBFS_ASSIGN_OR_RETURN(const Bytes admin, FromHex(json["adminPublicKey"].get<std::string>()));
    FileKeyStore::Options options{json["keysDirectory"], {}, json["adminKeyFile"]};
    std::copy(admin.begin(), admin.end(), options.admin_public_key.begin());
    return options;
  }

  /// All files but the client's own, and all processes.
  void ScanCluster() {
    for (const int node : {1, 2})
      Query("CHECKPOINT", node);  // what was only in PostgreSQL's buffers is in its files now
    ASSERT_OK(scanner_.ScanFiles(directory(), "client"));
    for (const local::ProcessStatus& process : running_.cluster().Processes()) {
      ASSERT_TRUE(process.alive) << process.name;
      ASSERT_OK(scanner_.ScanMemory(process.name, process.pid));
    }
  }
  bool SeenBelow(const std::string& name, const std::string& folder) {
    const auto& places = scanner_.PlacesOf(name);
    return std::any_of(places.begin(), places.end(),
                       [&](const std::string& place) { return place.starts_with(directory() + "/" + folder + "/"); });
  }

  testing::RunningCluster running_;
  std::unique_ptr<Connection> connection_;
  SystemRandom random_;
  testing::SecretScanner scanner_;
  int deks_ = 0;
};

TEST_F(Secrecy, NoServerHoldsPlaintextOrKeysOfAClient) {
  const Bytes inside = Random(24), about = Random(24);  // markers: of payloads, of metadata
  const std::string name = ToHex(Random(16)), bucket_name = ToHex(Random(16));
  PutOptions options;
  options.metadata.content_type = std::string(AsText(about));
  options.metadata.user[std::string(AsText(about))] = ToHex(about);
  options.metadata.etag = ToHex(about);
  std::vector<Bucket> buckets;
  buckets.push_back(MakeBucket(bucket_name, Integrity::kCrc32c));
  buckets.push_back(MakeBucket(bucket_name + "-sha", Integrity::kSha256));
  for (Bucket& bucket : buckets) {
    for (const size_t size : {1000, 6000, 300'000}) {  // inline, replicated, coded
      const std::string full = name + "-" + std::to_string(size);
      ASSERT_OK_AND_ASSIGN(const Written put,
                           bucket.Put(TestContext(), full, ByteSpan(Repeated(inside, size)), options));
      const auto place = static_cast<int64_t>(10 * inside.size());
      ASSERT_OK(bucket.Write(TestContext(), put.object, place, ByteSpan(Repeated(inside, size / 2))));
      ASSERT_OK(bucket.Append(TestContext(), put.object, ByteSpan(Repeated(inside, size))));
      RehomePolicy always;
      always.always_rewrite = true;
      ASSERT_OK(bucket.Rehome(TestContext(), put.object, always));
      ASSERT_OK(bucket.Clone(TestContext(), full, full + "-clone"));
      Bytes out(size);
      ASSERT_OK(bucket.Read(TestContext(), put.object, 0, out));
      EXPECT_TRUE(out == Repeated(inside, size));
    }
  }

  scanner_.LookFor("payload", inside);
  scanner_.LookFor("metadata", about);
  ASSERT_OK_AND_ASSIGN(const FileKeyStore::Options key_files, KeyFiles());
  LookForClientKeys(key_files);
  for (const Bucket& bucket : buckets) LookForKeysOf(bucket, key_files);
  EXPECT_GE(deks_, 2 * 3 * 4) << "of a put, a patch, an append and a rehome each";
  const std::vector<std::string> forbidden = {"payload",
                                              "metadata",
                                              "bucket key",
                                              "KEK",
                                              "KMAC",
                                              "KMETA",
                                              "DEK",
                                              "K_enc",
                                              "identity, X25519",
                                              "identity, Ed25519",
                                              "identity, seed of X25519",
                                              "administrator's key"};

  // What must be seen, or the scanner is blind: names and the ids of bodies in files, each server's own secret in its memory.
  scanner_.LookFor("name", AsBytes(name));
  ASSERT_OK_AND_ASSIGN(const auto extents,
                       buckets[0].Extents(TestContext(), *buckets[0].Find(TestContext(), name + "-300000"), 0, 1));
  scanner_.LookFor("body id", extents.at(0).source.body.span());
  ASSERT_OK_AND_ASSIGN(const Bytes site_secret, ReadKey(local::SiteSecretFile(directory()), 32));
  scanner_.LookFor("site secret", site_secret);
  for (int store = 1; store <= kStores; ++store) {
    ASSERT_OK_AND_ASSIGN(const Bytes store_key, ReadKey(local::StoreKeyFile(directory(), store), 32));
    scanner_.LookFor(fmt::format("key of store {}", store), store_key);
  }

  ScanCluster();
  for (const std::string& secret : forbidden) EXPECT_THAT(scanner_.PlacesOf(secret), IsEmpty()) << secret;

  for (const int node : {1, 2}) EXPECT_TRUE(SeenBelow("name", fmt::format("postgres-{}/data/base", node))) << node;
  for (const int node : {1, 2}) EXPECT_TRUE(SeenBelow("name", fmt::format("postgres-{}/data/pg_wal", node))) << node;
  for (const int catalog : {1, 2})
    EXPECT_TRUE(scanner_.PlacesOf("site secret").contains(fmt::format("catalog-{}", catalog))) << catalog;
  for (int store = 1; store <= kStores; ++store) {
    EXPECT_TRUE(SeenBelow("body id", fmt::format("store-{}", store))) << store;
    EXPECT_TRUE(scanner_.PlacesOf(fmt::format("key of store {}", store)).contains(fmt::format("store-{}", store)));
  }

  // And the secrets are what the client really works with: they are found in this process, which is the client.
  ASSERT_OK(scanner_.ScanMemory("client", getpid()));
  for (const char* secret : {"payload", "KEK", "KMAC"}) EXPECT_TRUE(scanner_.PlacesOf(secret).contains("client"));
}

TEST(SecretScanner, SeesBytesWhereverTheyStand) {
  testing::ClusterDirectory directory;
  Bytes secret(16);
  SystemRandom().Fill(secret);
  testing::SecretScanner scanner;
  scanner.LookFor("secret", secret);
  std::string text(3 << 20, 'x');
  text.replace((1 << 20) - 7, secret.size(), AsText(secret));
  ASSERT_OK(local::WriteTextFile(directory.path() + "/raw", text, 0600));
  ASSERT_OK(local::WriteTextFile(directory.path() + "/hex", "key=" + ToHex(secret), 0600));
  ASSERT_OK(local::WriteTextFile(directory.path() + "/none", std::string(100, 'x'), 0600));
  ASSERT_OK(local::MakeDirectory(directory.path() + "/client", 0700));
  ASSERT_OK(local::WriteTextFile(directory.path() + "/client/own", text, 0600));
  ASSERT_OK(scanner.ScanFiles(directory.path(), "client"));
  EXPECT_EQ(scanner.PlacesOf("secret"), (std::set<std::string>{directory.path() + "/raw", directory.path() + "/hex"}));
}

TEST(SecretScanner, APlaceThatCannotBeReadIsAnError) {
  testing::SecretScanner scanner;
  EXPECT_FALSE(scanner.ScanFiles("/no/such/directory").ok());
  EXPECT_FALSE(scanner.ScanMemory("nobody", 0x7fffffff).ok());
}

}  // namespace
}  // namespace pbfs
