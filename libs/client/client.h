#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"
#include "libs/client/bucket.h"
#include "libs/client/client_stats.h"
#include "libs/client/key_store.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// Numbers that a user may want to change. Sizes in bytes.
struct ClientOptions {
  /// Who asks for tokens, as its certificate names it.
  std::string subject = "client";
  /// Bounds all payload buffers of the client; whoever needs one waits for it. At least 16 MiB. Besides, streams that are read share a
  /// quarter of it for what is ahead of them, and each has a piece or two of 1 MiB without asking.
  int64_t memory_bytes = int64_t{256} << 20;
  /// Threads that encrypt, encode and decode; 0: one a processor. The threads that call take part besides.
  int threads = 0;
  /// Bodies of streams that may be on their way at one time.
  int streams_in_flight = 8;
  /// One step of an operation, repeats included: one body and its commit, or one window of a read. A context with a nearer
  /// deadline wins.
  Duration timeout = std::chrono::seconds(60);
  /// How long one store may keep a write or a read waiting before it is given up, and for how long it is then avoided.
  Duration store_timeout = std::chrono::seconds(5);
  Duration store_avoided = std::chrono::seconds(15);
  /// How long a write that has its w receipts waits for those of the other shards (at least; twice the time that the w took
  /// if that is longer).
  Duration last_receipts = std::chrono::milliseconds(50);
  /// Rehomes in the background of what reads and writes find fragmented; `enabled` turns them off. ClientStats counts
  /// them.
  RehomeOfferOptions rehome_offers;
};

/// The world of a client. All must outlive it.
struct ClientDependencies {
  Catalog catalog;
  Tokens* tokens = nullptr;  // null: stores that run without tokens (tests only)
  FragmentStores& stores;
  KeyStore& keys;
  const Clock& clock;
  Random& random;
};

class ClientCore;
struct ShownBucket;

/// A client of one PBFS site: the encrypting end. Make one per process and share it; it holds the clock of the process's
/// orders, the buffer memory, the threads and what is known of the cluster. It does no I/O until it is used.
///
///   PBFS_ASSIGN_OR_RETURN(auto client, Client::Create(options, dependencies));
///   PBFS_ASSIGN_OR_RETURN(Bucket bucket, client->OpenBucket(context, "photos"));
///   PBFS_ASSIGN_OR_RETURN(auto put, bucket.Put(context, "cat.jpg", bytes));
///   PBFS_RETURN_IF_ERROR(bucket.Write(context, put.object, 100, patch).status());
///
/// Threads: any method from any thread at once. Every call takes a Context first: it ends by its deadline, and soon after
/// Cancel(). Errors common to all: UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED, PERMISSION_DENIED.
/// Where a write ends with UNAVAILABLE or DEADLINE_EXCEEDED and the detail pbfs-outcome is "in-doubt", it may have happened
/// or may still happen, once; every other error of a write means that it did not and will not.
class Client {
 public:
  /// Errors: INVALID_ARGUMENT options.
  static Result<std::unique_ptr<Client>> Create(const ClientOptions& options, const ClientDependencies& dependencies);
  /// Waits for its own threads; calls off rehomes in the background, which end soon. No call may be in progress, and no
  /// Bucket of this client may be used afterwards.
  ~Client();

  /// Makes a bucket with a fresh key, sealed to this client and to `others`, in a keyring signed by the administrator.
  /// Durable on return. Errors: ALREADY_EXISTS; INVALID_ARGUMENT settings; PERMISSION_DENIED without the administrator's key.
  Result<Bucket> CreateBucket(const Context& context, const BucketSettings& settings,
                              const std::vector<BucketMember>& others = {});
  /// Fetches the bucket's keyring and opens its keys.
  /// Errors: NOT_FOUND; PERMISSION_DENIED this client is no recipient, or the keyring is not signed by the pinned key;
  /// DATA_LOSS (STALE_OR_ROLLBACK) the keyring is older than one seen before.
  Result<Bucket> OpenBucket(const Context& context, const std::string& name);
  Result<std::vector<BucketInfo>> ListBuckets(const Context& context);
  /// Errors: NOT_FOUND; FAILED_PRECONDITION while it has bound names.
  Status DeleteBucket(const Context& context, const std::string& name);

  /// The cluster as the catalog described it last.
  Result<ClusterMap> DescribeCluster(const Context& context);

  ClientStats Stats() const;
  /// The wid in the orders of this client's ops.
  int64_t Wid() const;
  /// The most buffer memory that was in use at one time.
  int64_t PeakMemory() const;

 private:
  explicit Client(std::unique_ptr<ClientCore> core);
  Result<Bucket> Open(const Context& context, ShownBucket shown);
  std::unique_ptr<ClientCore> core_;
};

}  // namespace pbfs
