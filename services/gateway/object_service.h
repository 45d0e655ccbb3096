#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/objects/object_api.h"
#include "services/gateway/deeds.h"
#include "services/gateway/gateway.h"
#include "services/gateway/object_call.h"

namespace pbfs::gateway {

/// The object API of a gateway: the same keys, policies, conditions and deeds as S3 over HTTP, for callers that do not speak it, and what
/// S3 has no words for: holes, clones, the past. Callers say an access key and its secret, over TLS only. Threads: any.
class ObjectService final : public objects::ObjectApi {
 public:
  /// `gateway` outlives this.
  explicit ObjectService(Gateway& gateway) : gateway_(gateway), site_(gateway.site()) {}

  /// The names that Served::operation can have besides those of S3's requests.
  static std::vector<std::string> OperationNames();

  // object_service.cc
  Result<objects::BucketPage> ListBuckets(const Context&, const objects::Caller&,
                                          const objects::ListBucketsRequest&) override;
  Status CreateBucket(const Context&, const objects::Caller&, const objects::CreateBucketRequest&) override;
  Status DeleteBucket(const Context&, const objects::Caller&, const std::string& bucket) override;
  Result<objects::ObjectPage> List(const Context&, const objects::Caller&, const objects::ListRequest&) override;
  Result<objects::VersionPage> ListVersions(const Context&, const objects::Caller&,
                                            const objects::ListVersionsRequest&) override;

  // object_service_reads.cc
  Status Get(const Context&, const objects::Caller&, const objects::GetRequest&, objects::ObjectSink&) override;
  Result<objects::Opened> Head(const Context&, const objects::Caller&, const objects::HeadRequest&) override;
  Result<std::vector<objects::Op>> History(const Context&, const objects::Caller&,
                                           const objects::HistoryRequest&) override;
  Result<std::vector<objects::NameValue>> NameHistory(const Context&, const objects::Caller&,
                                                      const objects::Key&) override;
  Result<objects::ExtentPage> Extents(const Context&, const objects::Caller&, const objects::ExtentsRequest&) override;

  // object_service_writes.cc
  Result<objects::Written> Put(const Context&, const objects::Caller&, const objects::PutRequest&,
                               objects::BodySource&) override;
  Result<objects::Deleted> Delete(const Context&, const objects::Caller&, const objects::DeleteRequest&) override;
  Result<objects::Written> Patch(const Context&, const objects::Caller&, const objects::PatchRequest&,
                                 objects::PieceSource&) override;
  Result<objects::Written> Append(const Context&, const objects::Caller&, const objects::AppendRequest&,
                                  objects::BodySource&) override;
  Result<objects::Written> Truncate(const Context&, const objects::Caller&, const objects::TruncateRequest&) override;
  Result<objects::Written> Zero(const Context&, const objects::Caller&, const objects::ZeroRequest&) override;
  Result<objects::Written> Clone(const Context&, const objects::Caller&, const objects::CloneRequest&) override;

 private:
  /// Authenticates, asks the policies, does the deed and reports. An error is one that the caller may see.
  Status Run(ObjectCall& call, const objects::Caller& caller, const std::function<Status()>& deed,
             const int64_t* sent_bytes = nullptr);
  /// The same with a value.
  template <typename T>
  Result<T> Answer(ObjectCall& call, const objects::Caller& caller, const std::function<Result<T>()>& deed) {
    std::optional<T> value;
    const auto keep = [&]() -> Status {
      PBFS_ASSIGN_OR_RETURN(value, deed());
      return OkStatus();
    };
    PBFS_RETURN_IF_ERROR(Run(call, caller, keep));
    return *std::move(value);
  }
  Status Authenticate(Call& call, const objects::Caller& caller);
  Status ReadNow(Call& call, const objects::GetRequest& request, objects::ObjectSink& sink, int64_t& sent);
  Status ReadPast(Call& call, const objects::GetRequest& request, objects::ObjectSink& sink, int64_t& sent);
  Result<Stored> ClonePast(Call& call, const objects::CloneRequest& request);

  Gateway& gateway_;
  Site& site_;
};

/// What the past is asked by; none: it is not.
inline std::optional<Hlc> AsOf(int64_t as_of_ms) { return as_of_ms == 0 ? std::optional<Hlc>() : AsOfMillis(as_of_ms); }
/// A time that an order can have.
inline bool IsTime(int64_t time_ms) { return time_ms >= 0 && time_ms < int64_t{1} << 46; }

objects::Written WrittenOf(const Stored& stored);
objects::Written WrittenOf(const Patched& patched);
std::optional<objects::Checksum> ShownOf(const std::optional<s3::ShownChecksum>& checksum);

}  // namespace pbfs::gateway
