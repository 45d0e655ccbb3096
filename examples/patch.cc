// Patches an object in the middle, twice, with two of the eight stores dead, and shows where its bytes are afterwards.
#include <cstdio>

#include "libs/client/twin_cluster.h"

using namespace pbfs;  // NOLINT(google-build-using-namespace): a short program

namespace {

const char* KindOf(const VisibleExtent& extent) {
  if (extent.source.kind == SourceKind::kZeros) return "zeros";
  return extent.encoding ? "fragments" : "inline";
}

Status Run() {
  TwinCluster cluster;
  const std::unique_ptr<Client> client = cluster.NewClient();
  const Context context = Context::WithTimeout(std::chrono::seconds(30));
  BucketSettings settings;
  settings.name = "disks";
  PBFS_ASSIGN_OR_RETURN(Bucket disks, client->CreateBucket(context, settings));
  PBFS_ASSIGN_OR_RETURN(const Written disk, disks.Put(context, "vm1.img", Bytes(10'000'000, 1)));

  cluster.store(0).SetDown(true);
  cluster.store(1).SetDown(true);
  // Each write is a patch of its own: nothing is read, merged or sent again.
  PBFS_RETURN_IF_ERROR(disks.Write(context, disk.object, 5'000'123, Bytes(700, 2)).status());
  PBFS_RETURN_IF_ERROR(disks.Write(context, disk.object, 5'000'500, Bytes(100'000, 3)).status());
  PBFS_RETURN_IF_ERROR(disks.Zero(context, disk.object, 0, 4096).status());

  Bytes out(3);
  PBFS_RETURN_IF_ERROR(disks.Read(context, disk.object, 5'000'499, out).status());
  std::printf("bytes at 5000499: %d %d %d\n", out[0], out[1], out[2]);
  PBFS_ASSIGN_OR_RETURN(const auto extents, disks.Extents(context, disk.object, 0, 10'000'000));
  for (const VisibleExtent& extent : extents) {
    std::printf("[%9lld, %9lld) %s\n", static_cast<long long>(extent.lo), static_cast<long long>(extent.hi),
                KindOf(extent));
  }
  return out == Bytes{2, 3, 3} ? OkStatus() : InternalError("the bytes are wrong");
}

}  // namespace

int main() {
  const Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
