#include "tests/simulation/network.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace pbfs::simulation {
namespace {

constexpr Duration kGlance = std::chrono::minutes(10);

}  // namespace

Duration Network::Delay(const Link& link) {
  const auto spread = (link.delay_max - link.delay_min).count();
  return link.delay_min + Duration(spread > 0 ? static_cast<int64_t>(random_.Below(static_cast<uint64_t>(spread))) : 0);
}

bool Network::Chance(double probability) {
  return static_cast<double>(random_.Below(1'000'000)) < probability * 1'000'000;
}

// ---- catalog ----------------------------------------------------------------------------------------------------------------

void AwaitWaking(const Link& link) {
  // When that is may change meanwhile.
  while (MonotonicNow() < link.asleep_until) SleepUntil(std::min(link.asleep_until, MonotonicNow() + kGlance));
}

template <typename Reply, typename Call>
Reply Calls::Send(const Context& context, const Call& call, bool* doubled) const {
  if (link_.calls_until_sleep > 0 && --link_.calls_until_sleep == 0) link_.asleep_until = link_.wakes;
  AwaitWaking(link_);
  SleepFor(network_.Delay(link_));
  const auto cut = [this] { return link_.cut || network_.catalog_away; };
  if (cut() || network_.Chance(link_.drop_request)) return UnavailableError("simulated: request lost");
  PBFS_RETURN_IF_ERROR(context.Check());
  if (network_.Chance(link_.double_request)) {
    const MonotonicTime when = MonotonicNow() + network_.Delay(link_) * 20;
    network_.postman().At(when, [call] { (void)call(Context()); });
    if (doubled != nullptr) *doubled = true;
  }
  Reply reply = call(context);
  SleepFor(network_.Delay(link_));
  if (cut() || network_.Chance(link_.drop_reply)) return UnavailableError("simulated: reply lost, outcome unknown");
  PBFS_RETURN_IF_ERROR(context.Check());  // it came too late
  AwaitWaking(link_);
  return reply;
}

Result<CommitReply> RemoteCatalog::Commit(const Context& context, const CommitRequest& request) {
  bool doubled = false;
  Result<CommitReply> reply = calls_.Send<Result<CommitReply>>(
      context, [request, &inner = inner_.commits](const Context& c) { return inner.Commit(c, request); }, &doubled);
  if (reply.ok()) reply->repeated = doubled;
  if (reply.ok() && reply->code == CommitCode::kOk) liar_.NoteAcknowledged(request);
  return reply;
}
Result<ListReply> RemoteCatalog::List(const Context& context, const ListRequest& request) {
  const MonotonicTime asked = MonotonicNow();
  Result<ListReply> reply =
      calls_.Send<Result<ListReply>>(context, [request, &inner = inner_.lists, &leases = leases_](const Context& c) {
        Result<ListReply> list = inner.List(c, request);
        if (list.ok()) leases.Note(*list);
        return list;
      });
  if (!reply.ok() || request.as_of) return reply;
  if (Lies()) {
    link_.lies_told += liar_.Forge(request, asked, *reply) ? 1 : 0;
  } else {
    liar_.NoteShown(request.object, *reply);
  }
  return reply;
}
Result<ObjectInfo> RemoteCatalog::Stat(const Context& context, const StatRequest& request) {
  return calls_.Send<Result<ObjectInfo>>(
      context, [request, &inner = inner_.lists](const Context& c) { return inner.Stat(c, request); });
}
Result<std::vector<OpEntry>> RemoteCatalog::History(const Context& context, const HistoryRequest& request) {
  return calls_.Send<Result<std::vector<OpEntry>>>(
      context, [request, &inner = inner_.lists](const Context& c) { return inner.History(c, request); });
}
Result<NameEntry> RemoteCatalog::Resolve(const Context& context, const NameQuery& query) {
  const MonotonicTime asked = MonotonicNow();
  Result<NameEntry> reply = calls_.Send<Result<NameEntry>>(
      context, [query, &inner = inner_.names](const Context& c) { return inner.Resolve(c, query); });
  if (!reply.ok() || query.as_of) return reply;
  if (Lies()) {
    link_.lies_told += liar_.Forge(asked, *reply) ? 1 : 0;
  } else {
    liar_.NoteShown(*reply);
  }
  return reply;
}
Result<ListNamesReply> RemoteCatalog::ListNames(const Context& context, const ListNamesRequest& request) {
  return calls_.Send<Result<ListNamesReply>>(
      context, [request, &inner = inner_.names](const Context& c) { return inner.ListNames(c, request); });
}
Result<ListVersionsReply> RemoteCatalog::ListVersions(const Context& context, const ListVersionsRequest& request) {
  return calls_.Send<Result<ListVersionsReply>>(
      context, [request, &inner = inner_.names](const Context& c) { return inner.ListVersions(c, request); });
}
Result<std::vector<NameEntry>> RemoteCatalog::NameHistory(const Context& context, const NameHistoryRequest& request) {
  return calls_.Send<Result<std::vector<NameEntry>>>(
      context, [request, &inner = inner_.names](const Context& c) { return inner.NameHistory(c, request); });
}

Status RemoteCatalog::CreateUpload(const Context& context, const UploadInfo& upload) {
  return calls_.Send<Status>(
      context, [upload, &inner = inner_.uploads](const Context& c) { return inner.CreateUpload(c, upload); });
}
Result<UploadInfo> RemoteCatalog::FindUpload(const Context& context, BucketId bucket, UploadId upload) {
  return calls_.Send<Result<UploadInfo>>(context, [bucket, upload, &inner = inner_.uploads](const Context& c) {
    return inner.FindUpload(c, bucket, upload);
  });
}
Status RemoteCatalog::SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) {
  return calls_.Send<Status>(context, [bucket, upload, part, &inner = inner_.uploads](const Context& c) {
    return inner.SetPart(c, bucket, upload, part);
  });
}
Result<PartsPage> RemoteCatalog::ListParts(const Context& context, const ListPartsRequest& request) {
  return calls_.Send<Result<PartsPage>>(
      context, [request, &inner = inner_.uploads](const Context& c) { return inner.ListParts(c, request); });
}
Result<UploadsPage> RemoteCatalog::ListUploads(const Context& context, const ListUploadsRequest& request) {
  return calls_.Send<Result<UploadsPage>>(
      context, [request, &inner = inner_.uploads](const Context& c) { return inner.ListUploads(c, request); });
}
Status RemoteCatalog::AbortUpload(const Context& context, BucketId bucket, UploadId upload) {
  return calls_.Send<Status>(context, [bucket, upload, &inner = inner_.uploads](const Context& c) {
    return inner.AbortUpload(c, bucket, upload);
  });
}

// ---- garbage ------------------------------------------------------------------------------------------------------------------

Status RemoteGarbage::HistoryAdvance(const Context& context) {
  return calls_.Send<Status>(context, [&inner = inner_](const Context& c) { return inner.HistoryAdvance(c); });
}
Result<int64_t> RemoteGarbage::HistoryExpire(const Context& context, int32_t limit) {
  return calls_.Send<Result<int64_t>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.HistoryExpire(c, limit); });
}
Result<int64_t> RemoteGarbage::NamesExpire(const Context& context, int32_t limit) {
  return calls_.Send<Result<int64_t>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.NamesExpire(c, limit); });
}
Result<int64_t> RemoteGarbage::Reap(const Context& context, int32_t limit) {
  return calls_.Send<Result<int64_t>>(context,
                                      [limit, &inner = inner_](const Context& c) { return inner.Reap(c, limit); });
}
Result<std::optional<int64_t>> RemoteGarbage::DropRows(const Context& context, int32_t limit) {
  return calls_.Send<Result<std::optional<int64_t>>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.DropRows(c, limit); });
}
Result<int64_t> RemoteGarbage::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  return calls_.Send<Result<int64_t>>(
      context, [grace, limit, &inner = inner_](const Context& c) { return inner.PurgeMark(c, grace, limit); });
}
Result<std::vector<PurgingBody>> RemoteGarbage::ListPurging(const Context& context, int32_t limit) {
  return calls_.Send<Result<std::vector<PurgingBody>>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.ListPurging(c, limit); });
}
Status RemoteGarbage::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  return calls_.Send<Status>(context, [ids = std::vector<BodyId>(bodies.begin(), bodies.end()),
                                       &inner = inner_](const Context& c) { return inner.PurgeDone(c, ids); });
}
Result<std::vector<EncodingId>> RemoteGarbage::SweepMark(const Context& context, std::span<const EncodingId> reported) {
  return calls_.Send<Result<std::vector<EncodingId>>>(
      context, [ids = std::vector<EncodingId>(reported.begin(), reported.end()), &inner = inner_](const Context& c) {
        return inner.SweepMark(c, ids);
      });
}
Status RemoteGarbage::SweepArm(const Context& context) {
  return calls_.Send<Status>(context, [&inner = inner_](const Context& c) { return inner.SweepArm(c); });
}
Result<std::vector<EncodingId>> RemoteGarbage::SweepConfirm(const Context& context, int32_t limit) {
  return calls_.Send<Result<std::vector<EncodingId>>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.SweepConfirm(c, limit); });
}

Result<ZerosPage> RemoteGarbage::DropZeros(const Context& context, ObjectId after, int32_t limit) {
  return calls_.Send<Result<ZerosPage>>(
      context, [=, &inner = inner_](const Context& c) { return inner.DropZeros(c, after, limit); });
}
Result<int64_t> RemoteGarbage::SweepForget(const Context& context, int32_t limit) {
  return calls_.Send<Result<int64_t>>(
      context, [limit, &inner = inner_](const Context& c) { return inner.SweepForget(c, limit); });
}
Result<int64_t> RemoteGarbage::DaysExpire(const Context& context) {
  return calls_.Send<Result<int64_t>>(context, [&inner = inner_](const Context& c) { return inner.DaysExpire(c); });
}
Status RemoteGarbage::ReportPass(const Context& context, const CollectorPass& pass) {
  return calls_.Send<Status>(context, [pass, &inner = inner_](const Context& c) { return inner.ReportPass(c, pass); });
}
Status RemoteGarbage::AskForPass(const Context& context) {
  return calls_.Send<Status>(context, [&inner = inner_](const Context& c) { return inner.AskForPass(c); });
}
Result<bool> RemoteGarbage::TakeRequest(const Context& context) {
  return calls_.Send<Result<bool>>(context, [&inner = inner_](const Context& c) { return inner.TakeRequest(c); });
}
Result<GarbageState> RemoteGarbage::GetGarbage(const Context& context) {
  return calls_.Send<Result<GarbageState>>(context,
                                           [&inner = inner_](const Context& c) { return inner.GetGarbage(c); });
}

Result<std::vector<GroupCheck>> RemoteRepairs::ListGroupChecks(const Context& context) {
  return calls_.Send<Result<std::vector<GroupCheck>>>(
      context, [&inner = inner_](const Context& c) { return inner.ListGroupChecks(c); });
}
Result<std::vector<EncodedBody>> RemoteRepairs::ListEncodings(const Context& context, const GroupRange& range,
                                                              int32_t limit) {
  return calls_.Send<Result<std::vector<EncodedBody>>>(
      context, [range, limit, &inner = inner_](const Context& c) { return inner.ListEncodings(c, range, limit); });
}
Result<std::vector<EncodedBody>> RemoteRepairs::FindEncodings(const Context& context,
                                                              std::span<const EncodingId> encodings) {
  return calls_.Send<Result<std::vector<EncodedBody>>>(
      context, [all = std::vector<EncodingId>(encodings.begin(), encodings.end()), &inner = inner_](const Context& c) {
        return inner.FindEncodings(c, all);
      });
}
Status RemoteRepairs::MarkMissing(const Context& context, std::span<const Shard> shards) {
  return calls_.Send<Status>(context, [all = std::vector<Shard>(shards.begin(), shards.end()),
                                       &inner = inner_](const Context& c) { return inner.MarkMissing(c, all); });
}
Result<std::vector<EncodedBody>> RemoteRepairs::ListDegraded(const Context& context, DegradedPosition after,
                                                             int32_t limit) {
  return calls_.Send<Result<std::vector<EncodedBody>>>(
      context, [after, limit, &inner = inner_](const Context& c) { return inner.ListDegraded(c, after, limit); });
}
Status RemoteRepairs::ClearMissing(const Context& context, std::span<const PlacedShard> shards) {
  return calls_.Send<Status>(context, [all = std::vector<PlacedShard>(shards.begin(), shards.end()),
                                       &inner = inner_](const Context& c) { return inner.ClearMissing(c, all); });
}
Status RemoteRepairs::GroupsChecked(const Context& context, std::span<const GroupVersion> groups) {
  return calls_.Send<Status>(context, [all = std::vector<GroupVersion>(groups.begin(), groups.end()),
                                       &inner = inner_](const Context& c) { return inner.GroupsChecked(c, all); });
}
Status RemoteRepairs::Recheck(const Context& context) {
  return calls_.Send<Status>(context, [&inner = inner_](const Context& c) { return inner.Recheck(c); });
}
Status RemoteRepairs::ReportSuspect(const Context& context, EncodingId encoding) {
  return calls_.Send<Status>(
      context, [encoding, &inner = inner_](const Context& c) { return inner.ReportSuspect(c, encoding); });
}
Result<Redundancy> RemoteRepairs::GetRedundancy(const Context& context) {
  return calls_.Send<Result<Redundancy>>(context,
                                         [&inner = inner_](const Context& c) { return inner.GetRedundancy(c); });
}

// ---- fragment stores ----------------------------------------------------------------------------------------------------------

namespace {

/// Shared by an operation and the postman, who may outlive it.
struct Arrival {
  Mutex mutex;
  CondVar arrived;
  bool here PBFS_GUARDED_BY(mutex) = false;
  ReadyCallback on_ready;

  void Arrive() {
    {
      MutexLock lock(mutex);
      here = true;
      arrived.NotifyAll();
    }
    if (on_ready) on_ready();
  }
  bool Here() {
    MutexLock lock(mutex);
    return here;
  }
  Status Await(const Context& context) {
    MutexLock lock(mutex);
    while (!here) {
      if (context.cancelled()) return CancelledError("the caller gave up");
      if (!arrived.WaitUntil(mutex, context.deadline()) && !here) return DeadlineExceededError("no answer in time");
    }
    return OkStatus();
  }
};

class RemoteWriter final : public FragmentWriter {
 public:
  RemoteWriter(std::unique_ptr<FragmentWriter> inner, int64_t length, const Link& link, Network& network,
               ReadyCallback on_ready)
      : inner_(std::move(inner)), left_(length), link_(link), network_(network), arrival_(std::make_shared<Arrival>()) {
    arrival_->on_ready = std::move(on_ready);
  }

  Status Append(const Context& context, Buffer bytes) override {
    left_ -= static_cast<int64_t>(bytes.size());
    if (link_.cut || network_.Chance(link_.drop_request)) {
      Settle(UnavailableError("simulated: connection lost"), network_.Delay(link_));
      return UnavailableError("simulated: connection lost");
    }
    if (Status status = inner_->Append(context, std::move(bytes)); !status.ok()) {
      Settle(status, network_.Delay(link_));
      return status;
    }
    if (left_ == 0) Commit(context);
    return OkStatus();
  }
  Result<ReceiptBytes> Finish(const Context& context) override {
    PBFS_RETURN_IF_ERROR(arrival_->Await(context));
    return *outcome_;
  }
  bool Ready() const override { return arrival_->Here(); }

 private:
  void Commit(const Context& context) {
    Result<ReceiptBytes> receipt = inner_->Finish(context);
    if (network_.Chance(link_.drop_reply)) receipt = UnavailableError("simulated: receipt lost");
    Settle(std::move(receipt), network_.Delay(link_) * 2);
  }
  void Settle(Result<ReceiptBytes> outcome, Duration delay) {
    if (outcome_) return;
    outcome_ = std::move(outcome);
    network_.postman().At(MonotonicNow() + delay, [arrival = arrival_] { arrival->Arrive(); });
  }

  std::unique_ptr<FragmentWriter> inner_;
  int64_t left_;
  const Link& link_;
  Network& network_;
  std::shared_ptr<Arrival> arrival_;
  std::optional<Result<ReceiptBytes>> outcome_;
};

class RemoteRead final : public PendingRead {
 public:
  RemoteRead(Result<ReadReply> reply, Duration delay, Network& network, ReadyCallback on_ready)
      : reply_(std::move(reply)), arrival_(std::make_shared<Arrival>()) {
    arrival_->on_ready = std::move(on_ready);
    network.postman().At(MonotonicNow() + delay, [arrival = arrival_] { arrival->Arrive(); });
  }
  Result<ReadReply> Wait(const Context& context) override {
    PBFS_RETURN_IF_ERROR(arrival_->Await(context));
    return std::move(reply_);
  }
  bool Ready() const override { return arrival_->Here(); }

 private:
  Result<ReadReply> reply_;
  std::shared_ptr<Arrival> arrival_;
};

}  // namespace

std::unique_ptr<FragmentWriter> RemoteFragmentStore::StartPut(const Context& context, PutRequest request,
                                                              ReadyCallback on_ready) {
  AwaitWaking(link_);
  const int64_t length = request.length;
  return std::make_unique<RemoteWriter>(inner_->StartPut(context, std::move(request), {}), length, link_, network_,
                                        std::move(on_ready));
}

std::unique_ptr<PendingRead> RemoteFragmentStore::StartRead(const Context& context, ReadRequest request,
                                                            ReadyCallback on_ready) {
  AwaitWaking(link_);
  const bool lost = link_.cut || network_.Chance(link_.drop_request) || network_.Chance(link_.drop_reply);
  Result<ReadReply> reply = UnavailableError("simulated: read lost");
  if (!lost) reply = inner_->StartRead(context, request, {})->Wait(context);
  if (reply.ok() && network_.Chance(link_.lie)) link_.lies_told += Forge(*inner_, request, *reply);
  return std::make_unique<RemoteRead>(std::move(reply), network_.Delay(link_) * 2, network_, std::move(on_ready));
}

Status RemoteFragmentStore::Delete(const Context& context, const std::vector<FragmentKey>& keys,
                                   const TokenBytes& token) {
  if (link_.cut) return UnavailableError("simulated: cut");
  for (const FragmentKey& key : keys) leases_.CheckDelete(key.encoding);
  return inner_->Delete(context, keys, token);
}
Status RemoteFragmentStore::Drop(const Context& context, const std::vector<FragmentInfo>& copies,
                                 const TokenBytes& token) {
  if (link_.cut) return UnavailableError("simulated: cut");
  return inner_->Drop(context, copies, token);
}
Result<ListFragmentsReply> RemoteFragmentStore::List(const Context& context, const ListFragmentsRequest& request) {
  if (link_.cut) return UnavailableError("simulated: cut");
  return inner_->List(context, request);
}
Result<StoreStat> RemoteFragmentStore::Stat(const Context& context) {
  if (link_.cut) return UnavailableError("simulated: cut");
  return inner_->Stat(context);
}

}  // namespace pbfs::simulation
