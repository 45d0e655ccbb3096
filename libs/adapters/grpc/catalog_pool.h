#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/random.h"
#include "libs/catalog/catalog_decorator.h"
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
/// one whose answer was lost), and the reply says so if a copy may arrive yet; CreateBucket, SetScheme, SetVersioning, Rewrap, CreateUpload, SetPart,
/// PutStore and reads are idempotent; DeleteBucket or AbortUpload that finds nothing on a repeat is done; SetKeyring is not repeated. Threads: any.
class CatalogPool final : public CatalogDecorator, public Tokens {
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

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;
  Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version, const Buffer& keyring) override;
  Status DeleteBucket(const Context& context, BucketId bucket) override;
  Status AbortUpload(const Context& context, BucketId bucket, UploadId upload) override;
  /// DEADLINE_EXCEEDED means that nothing is new, and is not repeated.
  Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) override;
  Result<TokenGrant> IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                uint16_t verbs) override;

 private:
  Status Around(const Context& context, const Call& call) override;
  /// What a repeat does not find any more is done.
  Status Remove(const Context& context, const Call& remove);
  Status Try(const Context& context, const std::function<Status(const Context&, const CatalogEndpoint&)>& call);

  struct Owned;
  std::vector<std::unique_ptr<Owned>> owned_;
  std::vector<CatalogEndpoint> endpoints_;
  Random& random_;
  const Options options_;
  std::atomic<size_t> current_{0};
};

}  // namespace pbfs
