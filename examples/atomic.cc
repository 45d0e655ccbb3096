// Changes several ranges of an object at once, and only if nobody changed it since it was read: a transfer between accounts.
#include <cstdio>
#include <cstring>

#include "libs/base/executor.h"
#include "libs/client/twin_cluster.h"

using namespace pbfs;  // NOLINT(google-build-using-namespace): a short program

namespace {

int64_t BalanceOf(const Bytes& accounts, int account) { return LoadLe<int64_t>(accounts.data() + account * 8); }

/// Moves `amount` in one atomic, conditional write; begins again where another writer was faster.
Status Transfer(const Context& context, Bucket& bank, ObjectId object, int from, int to, int64_t amount) {
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const ObjectStat seen, bank.Stat(context, object));
    Bytes accounts(static_cast<size_t>(seen.size));
    PBFS_RETURN_IF_ERROR(bank.Read(context, object, 0, accounts).status());
    if (BalanceOf(accounts, from) < amount) return FailedPreconditionError("not enough money");
    Bytes less(8), more(8);
    StoreLe(less.data(), BalanceOf(accounts, from) - amount);
    StoreLe(more.data(), BalanceOf(accounts, to) + amount);
    WriteOptions only_if_unchanged;
    only_if_unchanged.if_opset = seen.opset;
    const Status status =
        bank.WriteRanges(context, object, {{from * 8, less}, {to * 8, more}}, only_if_unchanged).status();
    if (status.Detail("pbfs-code") != "PRECONDITION") return status;
  }
}

Status Run() {
  TwinCluster cluster;
  const std::unique_ptr<Client> client = cluster.NewClient();
  const Context context = Context::WithTimeout(std::chrono::seconds(30));
  BucketSettings settings;
  settings.name = "bank";
  PBFS_ASSIGN_OR_RETURN(Bucket bank, client->CreateBucket(context, settings));
  Bytes accounts(10 * 8);
  for (int i = 0; i < 10; ++i) StoreLe<int64_t>(accounts.data() + i * 8, 100);
  PBFS_ASSIGN_OR_RETURN(const Written put, bank.Put(context, "accounts", accounts));

  Executor clerks("clerks", 3, 16);
  Mutex mutex;
  Status failed;
  ParallelFor(clerks, 20, [&](size_t i) {
    const int from = static_cast<int>(i % 10), to = static_cast<int>((i * 7 + 3) % 10);
    const Status status = from == to ? OkStatus() : Transfer(context, bank, put.object, from, to, 5);
    MutexLock lock(mutex);
    if (!status.ok()) failed = status;
  });
  PBFS_RETURN_IF_ERROR(failed);

  PBFS_RETURN_IF_ERROR(bank.Read(context, put.object, 0, accounts).status());
  int64_t sum = 0;
  for (int i = 0; i < 10; ++i) sum += BalanceOf(accounts, i);
  std::printf("after 20 transfers by 4 clerks at once the accounts still hold %lld\n", static_cast<long long>(sum));
  return sum == 1000 ? OkStatus() : InternalError("money was made or lost");
}

}  // namespace

int main() {
  const Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
