#pragma once

#include <map>
#include <memory>

#include "libs/base/random.h"
#include "libs/catalog/catalog.h"
#include "libs/fragments/fragment_store.h"
#include "tests/simulation/leases.h"
#include "tests/simulation/liar.h"
#include "tests/simulation/postman.h"

namespace pbfs::simulation {

/// How bad the network between one client and one server is; a scenario changes it while it runs. One thread runs at a
/// time in a simulation, so plain members do.
struct Link {
  Duration delay_min = std::chrono::microseconds(50);
  Duration delay_max = std::chrono::milliseconds(2);
  double drop_request = 0;                     // the server never sees the call
  double drop_reply = 0;                       // the call happens, the caller does not learn of it
  double double_request = 0;                   // the call happens again later
  bool cut = false;                            // nothing goes through
  double lie = 0;                              // an answer is replaced by one that nobody made with the keys
  MonotonicTime asleep_until{};                // the client's machine is suspended
  int calls_until_sleep = -1;                  // it will be before so many more calls of the catalog; -1: not
  MonotonicTime wakes = MonotonicTime::max();  // and until then, or until somebody wakes it
  int64_t lies_told = 0;
};

/// Returns when the machine on this end of the link runs.
void AwaitWaking(const Link& link);

/// Draws the fate of calls over links.
class Network {
 public:
  Network(uint64_t seed, Postman& postman) : random_(seed), postman_(postman) {}
  Duration Delay(const Link& link);
  bool Chance(double probability);
  Postman& postman() { return postman_; }
  Random& random() { return random_; }
  /// While the database fails over nobody reaches the catalog.
  bool catalog_away = false;

 private:
  SeededRandom random_;
  Postman& postman_;
};

/// Calls over a link. What a call does happens at the server whole or not at all, perhaps twice; what the caller learns may be
/// lost (UNAVAILABLE: unknown outcome).
class Calls {
 public:
  Calls(Link& link, Network& network) : link_(link), network_(network) {}
  /// `call` owns what it needs: a doubled one happens later, of which `doubled`, if given, learns.
  template <typename Reply, typename Call>
  Reply Send(const Context& context, const Call& call, bool* doubled = nullptr) const;

 private:
  Link& link_;
  Network& network_;
};

/// The catalog's Commits, Lists, Names and Uploads behind a link: also a catalog that lies, where the link says so.
class RemoteCatalog final : public Commits, public Lists, public Names, public Uploads {
 public:
  RemoteCatalog(Catalog inner, Link& link, Network& network, Leases& leases)
      : inner_(inner),
        link_(link),
        network_(network),
        leases_(leases),
        calls_(link, network),
        liar_(network.random()) {}
  /// The client is another one from now on: it remembers nothing.
  void ForgetClient() { liar_.ForgetClient(); }
  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;
  Result<ListReply> List(const Context& context, const ListRequest& request) override;
  Result<ObjectInfo> Stat(const Context& context, const StatRequest& request) override;
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override;
  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override;
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override;
  Result<ListVersionsReply> ListVersions(const Context& context, const ListVersionsRequest& request) override;
  Result<std::vector<NameEntry>> NameHistory(const Context& context, const NameHistoryRequest& request) override;
  Status CreateUpload(const Context& context, const UploadInfo& upload) override;
  Result<UploadInfo> FindUpload(const Context& context, BucketId bucket, UploadId upload) override;
  Status SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) override;
  Result<PartsPage> ListParts(const Context& context, const ListPartsRequest& request) override;
  Result<UploadsPage> ListUploads(const Context& context, const ListUploadsRequest& request) override;
  Status AbortUpload(const Context& context, BucketId bucket, UploadId upload) override;

 private:
  bool Lies() { return network_.Chance(link_.lie); }

  Catalog inner_;
  Link& link_;
  Network& network_;
  Leases& leases_;
  Calls calls_;
  Liar liar_;
};

/// A catalog's Garbage behind a link.
class RemoteGarbage final : public Garbage {
 public:
  RemoteGarbage(Garbage& inner, Link& link, Network& network) : inner_(inner), calls_(link, network) {}
  Status HistoryAdvance(const Context& context) override;
  Result<int64_t> HistoryExpire(const Context& context, int32_t limit) override;
  Result<int64_t> NamesExpire(const Context& context, int32_t limit) override;
  Result<int64_t> Reap(const Context& context, int32_t limit) override;
  Result<std::optional<int64_t>> DropRows(const Context& context, int32_t limit) override;
  Result<int64_t> PurgeMark(const Context& context, Duration grace, int32_t limit) override;
  Result<std::vector<PurgingBody>> ListPurging(const Context& context, int32_t limit) override;
  Status PurgeDone(const Context& context, std::span<const BodyId> bodies) override;
  Result<std::vector<EncodingId>> SweepMark(const Context& context, std::span<const EncodingId> reported) override;
  Status SweepArm(const Context& context) override;
  Result<std::vector<EncodingId>> SweepConfirm(const Context& context, int32_t limit) override;
  Result<ZerosPage> DropZeros(const Context& context, ObjectId after, int32_t limit) override;
  Result<int64_t> SweepForget(const Context& context, int32_t limit) override;
  Result<int64_t> DaysExpire(const Context& context) override;
  Status ReportPass(const Context& context, const CollectorPass& pass) override;
  Status AskForPass(const Context& context) override;
  Result<bool> TakeRequest(const Context& context) override;
  Result<GarbageState> GetGarbage(const Context& context) override;

 private:
  Garbage& inner_;
  Calls calls_;
};

/// A catalog's Repairs behind a link.
class RemoteRepairs final : public Repairs {
 public:
  RemoteRepairs(Repairs& inner, Link& link, Network& network) : inner_(inner), calls_(link, network) {}
  Result<std::vector<GroupCheck>> ListGroupChecks(const Context& context) override;
  Result<std::vector<EncodedBody>> ListEncodings(const Context& context, const GroupRange& range,
                                                 int32_t limit) override;
  Result<std::vector<EncodedBody>> FindEncodings(const Context& context,
                                                 std::span<const EncodingId> encodings) override;
  Status MarkMissing(const Context& context, std::span<const Shard> shards) override;
  Result<std::vector<EncodedBody>> ListDegraded(const Context& context, DegradedPosition after, int32_t limit) override;
  Status ClearMissing(const Context& context, std::span<const PlacedShard> shards) override;
  Status GroupsChecked(const Context& context, std::span<const GroupVersion> groups) override;
  Status Recheck(const Context& context) override;
  Status ReportSuspect(const Context& context, EncodingId encoding) override;
  Result<Redundancy> GetRedundancy(const Context& context) override;

 private:
  Repairs& inner_;
  Calls calls_;
};

/// A fragment store behind a link. Answers come late, in any order between stores, or never; where the link says so, they are wrong
/// under good checksums.
class RemoteFragmentStore final : public FragmentStore {
 public:
  RemoteFragmentStore(std::shared_ptr<FragmentStore> inner, Link& link, Network& network, Leases& leases)
      : inner_(std::move(inner)), link_(link), network_(network), leases_(leases) {}
  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

 private:
  std::shared_ptr<FragmentStore> inner_;
  Link& link_;
  Network& network_;
  Leases& leases_;
};

}  // namespace pbfs::simulation
