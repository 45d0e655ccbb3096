#pragma once

#include <functional>

#include "libs/catalog/catalog_decorator.h"

namespace pbfs {

/// A catalog that misbehaves on request, in front of one that does not: for tests of the client. Threads: any.
class ScriptedCatalog final : public CatalogDecorator {
 public:
  explicit ScriptedCatalog(const Catalog& inner) : inner_(inner) {}
  /// Calls of Commits, Lists, Names and Uploads are what is counted and fails.
  Catalog ports() { return {*this, *this, *this, *this, inner_.buckets, inner_.groups, inner_.journal}; }

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
  /// The same for a ListNames, `always` or where a standby may answer.
  void ForgeNamesLists(std::function<void(ListNamesReply&)> forge, bool always = false) {
    MutexLock lock(mutex_);
    forge_names_list_ = std::move(forge);
    forge_newest_names_ = always;
  }
  /// The same for a NameHistory.
  void ForgeNameHistory(std::function<void(std::vector<NameEntry>&)> forge) {
    MutexLock lock(mutex_);
    forge_name_history_ = std::move(forge);
  }
  int64_t calls() const {
    MutexLock lock(mutex_);
    return calls_;
  }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    const bool lose = [&] {
      MutexLock lock(mutex_);
      return ++commits_ == lose_at_ || lose_all_;
    }();
    Result<CommitReply> reply = CatalogDecorator::Commit(context, request);
    if (lose) return UnavailableError("the reply was lost");
    return reply;
  }
  Result<ListReply> List(const Context& context, const ListRequest& request) override {
    Result<ListReply> reply = CatalogDecorator::List(context, request);
    MutexLock lock(mutex_);
    if (reply.ok() && forge_list_) forge_list_(*reply);
    return reply;
  }
  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override {
    Result<NameEntry> entry = CatalogDecorator::Resolve(context, query);
    MutexLock lock(mutex_);
    if (entry.ok() && forge_name_) forge_name_(*entry);
    return entry;
  }
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override {
    Result<ListNamesReply> reply = CatalogDecorator::ListNames(context, request);
    MutexLock lock(mutex_);
    if (reply.ok() && forge_names_list_ && (forge_newest_names_ || !request.newest)) forge_names_list_(*reply);
    return reply;
  }
  Result<std::vector<NameEntry>> NameHistory(const Context& context, const NameHistoryRequest& request) override {
    Result<std::vector<NameEntry>> entries = CatalogDecorator::NameHistory(context, request);
    MutexLock lock(mutex_);
    if (entries.ok() && forge_name_history_) forge_name_history_(*entries);
    return entries;
  }

 private:
  Status Around(const Context& context, const Call& call) override {
    {
      MutexLock lock(mutex_);
      if (++calls_ == fail_at_) return status_;
    }
    return call(context, inner_);
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
  std::function<void(ListNamesReply&)> forge_names_list_ PBFS_GUARDED_BY(mutex_);
  bool forge_newest_names_ PBFS_GUARDED_BY(mutex_) = false;
  std::function<void(std::vector<NameEntry>&)> forge_name_history_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
