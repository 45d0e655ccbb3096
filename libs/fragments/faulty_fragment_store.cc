#include "libs/fragments/faulty_fragment_store.h"

#include <atomic>
#include <utility>

#include "libs/fragments/fragment_check.h"
#include "libs/fragments/store_rules.h"

namespace pbfs {
namespace {

/// What is to happen to one call.
struct Verdict {
  Status before;            // not OK: the call does not reach the store
  bool lose_reply = false;  // the call is made, its answer replaced
};

Status LostReply() { return UnavailableError("the answer was lost"); }

Buffer FlipABit(const Buffer& bytes) {
  if (bytes.empty()) return bytes;
  Bytes copy = ToBytes(bytes);  // a copy: the sound bytes are shared
  copy[copy.size() / 2] ^= 0x10;
  return Buffer::FromBytes(std::move(copy));
}

}  // namespace

struct FaultyFragmentStore::State {
  Mutex mutex;
  CondVar released;
  int64_t calls PBFS_GUARDED_BY(mutex) = 0;
  std::map<int64_t, Status> fail PBFS_GUARDED_BY(mutex);
  std::set<int64_t> lose_reply PBFS_GUARDED_BY(mutex);
  bool down PBFS_GUARDED_BY(mutex) = false;
  bool full PBFS_GUARDED_BY(mutex) = false;
  bool corrupt_reads PBFS_GUARDED_BY(mutex) = false;
  bool corrupt_puts PBFS_GUARDED_BY(mutex) = false;
  bool held PBFS_GUARDED_BY(mutex) = false;
  std::set<FragmentKey> lost PBFS_GUARDED_BY(mutex);
  std::vector<ReadyCallback> late PBFS_GUARDED_BY(mutex);

  Verdict Judge() {
    MutexLock lock(mutex);
    const int64_t call = ++calls;
    Verdict verdict;
    if (const auto found = fail.find(call); found != fail.end()) verdict.before = found->second;
    if (down) verdict.before = UnavailableError("the store is down");
    verdict.lose_reply = lose_reply.contains(call);
    return verdict;
  }
  bool Held() {
    MutexLock lock(mutex);
    return held;
  }
  bool IsLost(const FragmentKey& key) {
    MutexLock lock(mutex);
    return lost.contains(key);
  }
  /// Waits until nothing is held. Errors: DEADLINE_EXCEEDED, CANCELLED.
  Status AwaitRelease(const Context& context) {
    MutexLock lock(mutex);
    while (held) {
      PBFS_RETURN_IF_ERROR(context.Check());
      released.WaitUntil(mutex, context.deadline());
    }
    return OkStatus();
  }
  /// Calls `ready` now, or at the release.
  void Tell(ReadyCallback ready) {
    if (!ready) return;
    {
      MutexLock lock(mutex);
      if (held) {
        late.push_back(std::move(ready));
        return;
      }
    }
    ready();
  }
  /// The switch `flag`, read under the lock.
  bool Get(bool State::*flag) {
    MutexLock lock(mutex);
    return this->*flag;
  }
  void Set(bool State::*flag, bool value) {
    MutexLock lock(mutex);
    this->*flag = value;
  }
};

/// A callback that passes the first call of it on, through the gate.
ReadyCallback FaultyFragmentStore::TellOnce(std::shared_ptr<State> state, ReadyCallback on_ready) {
  auto told = std::make_shared<std::atomic<bool>>(false);
  return [state = std::move(state), told, on_ready = std::move(on_ready)] {
    if (!told->exchange(true)) state->Tell(on_ready);
  };
}

/// A put through the faults.
class FaultyWriter final : public FragmentWriter {
 public:
  FaultyWriter(std::shared_ptr<FaultyFragmentStore::State> state, FragmentKey key, ReadyCallback tell)
      : state_(std::move(state)), key_(key), tell_(std::move(tell)) {}

  void Open(std::unique_ptr<FragmentWriter> inner) { inner_ = std::move(inner); }
  void Kill(Status status) {
    if (!dead_.ok()) return;
    dead_ = std::move(status);
    tell_();
  }

  Status Append(const Context& context, Buffer bytes) override {
    const Verdict verdict = state_->Judge();
    if (!verdict.before.ok()) Kill(verdict.before);
    if (!dead_.ok()) return dead_;
    if (state_->Get(&FaultyFragmentStore::State::corrupt_puts)) bytes = FlipABit(bytes);
    Status status = inner_->Append(context, std::move(bytes));
    if (verdict.lose_reply) Kill(LostReply());
    return dead_.ok() ? status : dead_;
  }

  Result<ReceiptBytes> Finish(const Context& context) override {
    const Verdict verdict = state_->Judge();
    PBFS_RETURN_IF_ERROR(state_->AwaitRelease(context));
    if (!verdict.before.ok()) Kill(verdict.before);
    if (!dead_.ok()) return dead_;
    Result<ReceiptBytes> receipt = inner_->Finish(context);
    if (receipt.ok()) {
      MutexLock lock(state_->mutex);
      state_->lost.erase(key_);
    }
    if (verdict.lose_reply) Kill(LostReply());
    return dead_.ok() ? receipt : dead_;
  }

  bool Ready() const override { return !state_->Held() && (!dead_.ok() || inner_->Ready()); }

 private:
  const std::shared_ptr<FaultyFragmentStore::State> state_;
  const FragmentKey key_;
  const ReadyCallback tell_;               // tells once, whoever is first: the store or a fault
  std::unique_ptr<FragmentWriter> inner_;  // null if the put never reached the store
  Status dead_;
};

/// A read through the faults.
class FaultyRead final : public PendingRead {
 public:
  FaultyRead(std::shared_ptr<FaultyFragmentStore::State> state, ReadRequest request)
      : state_(std::move(state)), request_(std::move(request)) {}

  void Open(std::unique_ptr<PendingRead> inner) { inner_ = std::move(inner); }
  void Kill(Status status) { dead_ = std::move(status); }

  Result<ReadReply> Wait(const Context& context) override {
    PBFS_RETURN_IF_ERROR(state_->AwaitRelease(context));
    if (inner_ == nullptr) return dead_;
    Result<ReadReply> reply = inner_->Wait(context);
    if (!dead_.ok()) return dead_;
    if (reply.ok()) Spoil(*reply);
    return reply;
  }
  bool Ready() const override { return !state_->Held() && (inner_ == nullptr || inner_->Ready()); }

 private:
  void Spoil(ReadReply& reply) {
    const bool corrupt = state_->Get(&FaultyFragmentStore::State::corrupt_reads);
    for (size_t i = 0; i < reply.parts.size(); ++i) {
      ReadPart& part = reply.parts[i];
      if (state_->IsLost(request_.ranges[i].key)) part = {NotFoundError("no such fragment"), {}};
      if (corrupt && part.status.ok()) part.bytes = FlipABit(part.bytes);
    }
  }

  const std::shared_ptr<FaultyFragmentStore::State> state_;
  const ReadRequest request_;
  std::unique_ptr<PendingRead> inner_;  // null if the read never reached the store
  Status dead_;
};

FaultyFragmentStore::FaultyFragmentStore(std::shared_ptr<FragmentStore> inner)
    : inner_(std::move(inner)), state_(std::make_shared<State>()) {}
FaultyFragmentStore::~FaultyFragmentStore() { Release(); }

void FaultyFragmentStore::FailCall(int64_t n, Status status) {
  MutexLock lock(state_->mutex);
  state_->fail[state_->calls + n] = std::move(status);
}
void FaultyFragmentStore::LoseReply(int64_t n) {
  MutexLock lock(state_->mutex);
  state_->lose_reply.insert(state_->calls + n);
}
int64_t FaultyFragmentStore::calls() const {
  MutexLock lock(state_->mutex);
  return state_->calls;
}
void FaultyFragmentStore::SetDown(bool down) { state_->Set(&State::down, down); }
void FaultyFragmentStore::SetFull(bool full) { state_->Set(&State::full, full); }
void FaultyFragmentStore::SetCorruptReads(bool corrupt) { state_->Set(&State::corrupt_reads, corrupt); }
void FaultyFragmentStore::SetCorruptPuts(bool corrupt) { state_->Set(&State::corrupt_puts, corrupt); }
void FaultyFragmentStore::Lose(const FragmentKey& key) {
  MutexLock lock(state_->mutex);
  state_->lost.insert(key);
}
void FaultyFragmentStore::Hold() { state_->Set(&State::held, true); }
void FaultyFragmentStore::Release() {
  std::vector<ReadyCallback> late;
  {
    MutexLock lock(state_->mutex);
    state_->held = false;
    late.swap(state_->late);
  }
  state_->released.NotifyAll();
  for (ReadyCallback& ready : late) ready();
}

std::unique_ptr<FragmentWriter> FaultyFragmentStore::StartPut(const Context& context, PutRequest request,
                                                              ReadyCallback on_ready) {
  const Verdict verdict = state_->Judge();
  ReadyCallback tell = TellOnce(state_, std::move(on_ready));
  auto writer = std::make_unique<FaultyWriter>(state_, request.key, tell);
  Status refused = verdict.before;
  if (refused.ok() && state_->Get(&State::full)) refused = StoreFullError();
  if (verdict.lose_reply) refused = LostReply();
  if (!refused.ok()) {
    writer->Kill(std::move(refused));
  } else {
    writer->Open(inner_->StartPut(context, std::move(request), std::move(tell)));
  }
  return writer;
}

std::unique_ptr<PendingRead> FaultyFragmentStore::StartRead(const Context& context, ReadRequest request,
                                                            ReadyCallback on_ready) {
  const Verdict verdict = state_->Judge();
  auto read = std::make_unique<FaultyRead>(state_, request);
  if (verdict.lose_reply) read->Kill(LostReply());
  if (!verdict.before.ok()) {
    read->Kill(verdict.before);
    state_->Tell(std::move(on_ready));
    return read;
  }
  read->Open(inner_->StartRead(context, std::move(request),
                               [state = state_, on_ready = std::move(on_ready)] { state->Tell(on_ready); }));
  return read;
}

Status FaultyFragmentStore::Delete(const Context& context, const std::vector<FragmentKey>& keys,
                                   const TokenBytes& token) {
  const Verdict verdict = state_->Judge();
  PBFS_RETURN_IF_ERROR(verdict.before);
  Status status = inner_->Delete(context, keys, token);
  return verdict.lose_reply ? LostReply() : status;
}

Status FaultyFragmentStore::Drop(const Context& context, const std::vector<FragmentInfo>& copies,
                                 const TokenBytes& token) {
  const Verdict verdict = state_->Judge();
  PBFS_RETURN_IF_ERROR(verdict.before);
  Status status = inner_->Drop(context, copies, token);
  return verdict.lose_reply ? LostReply() : status;
}

Result<ListFragmentsReply> FaultyFragmentStore::List(const Context& context, const ListFragmentsRequest& request) {
  const Verdict verdict = state_->Judge();
  PBFS_RETURN_IF_ERROR(verdict.before);
  Result<ListFragmentsReply> reply = inner_->List(context, request);
  if (verdict.lose_reply) return LostReply();
  if (reply.ok()) std::erase_if(reply->fragments, [&](const FragmentInfo& info) { return state_->IsLost(info.key); });
  return reply;
}

Result<StoreStat> FaultyFragmentStore::Stat(const Context& context) {
  const Verdict verdict = state_->Judge();
  PBFS_RETURN_IF_ERROR(verdict.before);
  Result<StoreStat> stat = inner_->Stat(context);
  return verdict.lose_reply ? LostReply() : stat;
}

}  // namespace pbfs
