#pragma once

#include <functional>

#include "libs/catalog/catalog.h"

namespace pbfs {

/// A catalog that misbehaves on request, in front of one that does not: for tests of the client. Threads: any.
class FaultyCatalog final : public Commits, public Lists, public Names {
 public:
  explicit FaultyCatalog(const Catalog& inner) : inner_(inner) {}
  Catalog ports() { return {*this, *this, *this, inner_.buckets, inner_.groups, inner_.journal}; }

  /// The n-th call from now (1: the next) answers `status` without happening.
  void FailCall(int64_t n, Status status) {
    MutexLock lock(mutex_);
    fail_at_ = calls_ + n;
    status_ = std::move(status);
  }
  /// The n-th Commit from now happens, and its answer is lost.
  void LoseCommitReply(int64_t n) {
    MutexLock lock(mutex_);
    lose_at_ = commits_ + n;
  }
  /// Every Commit happens, and no answer to one arrives.
  void LoseAllCommitReplies(bool lose) {
    MutexLock lock(mutex_);
    lose_all_ = lose;
  }
  /// Changes what a List or a Resolve answers: a forger.
  void ForgeLists(std::function<void(ListReply&)> forge) {
    MutexLock lock(mutex_);
    forge_list_ = std::move(forge);
  }
  void ForgeNames(std::function<void(NameEntry&)> forge) {
    MutexLock lock(mutex_);
    forge_name_ = std::move(forge);
  }
  int64_t calls() const {
    MutexLock lock(mutex_);
    return calls_;
  }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    PBFS_RETURN_IF_ERROR(Enter());
    const bool lose = [&] {
      MutexLock lock(mutex_);
      return ++commits_ == lose_at_ || lose_all_;
    }();
    Result<CommitReply> reply = inner_.commits.Commit(context, request);
    if (lose) return UnavailableError("the reply was lost");
    return reply;
  }
  Result<ListReply> List(const Context& context, const ListRequest& request) override {
    PBFS_RETURN_IF_ERROR(Enter());
    Result<ListReply> reply = inner_.lists.List(context, request);
    MutexLock lock(mutex_);
    if (reply.ok() && forge_list_) forge_list_(*reply);
    return reply;
  }
  Result<ObjectInfo> Stat(const Context& context, BucketId bucket, ObjectId object) override {
    PBFS_RETURN_IF_ERROR(Enter());
    return inner_.lists.Stat(context, bucket, object);
  }
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override {
    PBFS_RETURN_IF_ERROR(Enter());
    return inner_.lists.History(context, request);
  }
  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override {
    PBFS_RETURN_IF_ERROR(Enter());
    Result<NameEntry> entry = inner_.names.Resolve(context, query);
    MutexLock lock(mutex_);
    if (entry.ok() && forge_name_) forge_name_(*entry);
    return entry;
  }
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override {
    PBFS_RETURN_IF_ERROR(Enter());
    return inner_.names.ListNames(context, request);
  }
  Result<std::vector<NameEntry>> NameHistory(const Context& context, BucketId bucket,
                                             const std::string& name) override {
    PBFS_RETURN_IF_ERROR(Enter());
    return inner_.names.NameHistory(context, bucket, name);
  }

 private:
  Status Enter() {
    MutexLock lock(mutex_);
    return ++calls_ == fail_at_ ? status_ : OkStatus();
  }

  const Catalog inner_;
  mutable Mutex mutex_;
  int64_t calls_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t commits_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t fail_at_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t lose_at_ PBFS_GUARDED_BY(mutex_) = 0;
  bool lose_all_ PBFS_GUARDED_BY(mutex_) = false;
  Status status_ PBFS_GUARDED_BY(mutex_);
  std::function<void(ListReply&)> forge_list_ PBFS_GUARDED_BY(mutex_);
  std::function<void(NameEntry&)> forge_name_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
