// Puts an object and reads it back. The cluster is one in memory, so that this runs anywhere; against a real one only the
// lines up to `client` differ.
#include <cstdio>

#include "libs/client/twin_cluster.h"

using namespace pbfs;  // NOLINT(google-build-using-namespace): a short program

namespace {

Status Run() {
  TwinCluster cluster;  // a catalog and eight fragment stores
  const std::unique_ptr<Client> client = cluster.NewClient();
  const Context context = Context::WithTimeout(std::chrono::seconds(30));

  BucketSettings settings;
  settings.name = "photos";
  PBFS_ASSIGN_OR_RETURN(Bucket photos, client->CreateBucket(context, settings));

  const Bytes picture(1'000'000, 42);
  PutOptions options;
  options.metadata.content_type = "image/jpeg";
  PBFS_ASSIGN_OR_RETURN(const Written put, photos.Put(context, "cat.jpg", picture, options));

  Bytes back(picture.size());
  PBFS_ASSIGN_OR_RETURN(const int64_t got, photos.Read(context, put.object, 0, back));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, photos.Stat(context, "cat.jpg"));
  std::printf("%lld bytes of %s, %s\n", static_cast<long long>(got), stat.metadata.content_type.c_str(),
              back == picture ? "the same" : "DIFFERENT");
  return back == picture ? OkStatus() : InternalError("the bytes differ");
}

}  // namespace

int main() {
  const Status status = Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
