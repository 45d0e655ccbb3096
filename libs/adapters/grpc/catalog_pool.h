#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/random.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"

namespace pbfs {

/// One catalog of several: the ports, and tokens.
struct CatalogEndpoint {
  Catalog ports;
  Tokens& tokens;
};

/// The catalogs of a site as one: a call goes to the one that answered last, and after UNAVAILABLE, DEADLINE_EXCEEDED of one
/// attempt or RESOURCE_EXHAUSTED to the next, with back-off after each round, until the context's deadline. This is the only place
/// that repeats calls of a catalog. A Commit is repeated as it is (its op ids make that harmless, and find out what became of
/// one whose answer was lost); CreateBucket, PutStore and reads are idempotent; DeleteBucket that finds nothing on a repeat
/// is done; SetKeyring is not repeated. Threads: any.
class CatalogPool final : public Commits,
                          public Lists,
                          public Names,
                          public Buckets,
                          public Groups,
                          public Journal,
                          public Tokens {
 public:
  struct Options {
    Duration attempt = std::chrono::seconds(10);              // the time one catalog gets for one call
    Duration first_back_off = std::chrono::milliseconds(20);  // doubles up to
    Duration max_back_off = std::chrono::seconds(1);
    Duration total = std::chrono::seconds(60);  // for a caller without a deadline
    std::function<void(Duration)> sleep;        // default SleepFor
  };
  /// What the endpoints name outlives this; at least one. `random` jitters the back-off.
  CatalogPool(std::vector<CatalogEndpoint> endpoints, Random& random, Options options);
  /// Owns a GrpcCatalog for each address.
  CatalogPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Random& random,
              Options options);
  ~CatalogPool() override;
  Catalog ports() { return {*this, *this, *this, *this, *this, *this}; }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;
  Result<ListReply> List(const Context& context, const ListRequest& request) override;
  Result<ObjectInfo> Stat(const Context& context, BucketId bucket, ObjectId object) override;
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override;
  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override;
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override;
  Result<std::vector<NameEntry>> NameHistory(const Context& context, BucketId bucket, const std::string& name) override;
  Status CreateBucket(const Context& context, const BucketInfo& bucket) override;
  Result<BucketInfo> FindBucket(const Context& context, const std::string& name) override;
  Result<std::vector<BucketInfo>> ListBuckets(const Context& context) override;
  Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version, const Buffer& keyring) override;
  Status DeleteBucket(const Context& context, BucketId bucket) override;
  /// DEADLINE_EXCEEDED means that nothing is new, and is not repeated.
  Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) override;
  Status PutStore(const Context& context, const StoreInfo& store) override;
  Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after, int32_t limit) override;
  Result<Hlc> AdvanceFloor(const Context& context) override;
  Result<TokenGrant> IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                uint16_t verbs) override;

 private:
  template <typename Call>
  auto Try(const Context& context, const Call& call);

  struct Owned;
  std::vector<std::unique_ptr<Owned>> owned_;
  std::vector<CatalogEndpoint> endpoints_;
  Random& random_;
  const Options options_;
  std::atomic<size_t> current_{0};
};

}  // namespace pbfs
