#include "tools/pbfs/objects.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

Result<Target> Open(Session& session, const Address& address) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  Result<Bucket> bucket = client->OpenBucket(session.context(), address.bucket);
  if (bucket.status().code() == StatusCode::kNotFound)
    return NotFoundError(fmt::format(
        "there is no bucket '{0}'; pbfs bucket ls lists them, pbfs bucket create {0} makes it", address.bucket));
  PBFS_RETURN_IF_ERROR(bucket.status());
  return Target{*std::move(bucket), address.name};
}

}  // namespace

Result<Target> OpenTarget(Session& session, const std::string& address) {
  PBFS_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  return Open(session, parsed);
}

Result<Target> OpenPrefix(Session& session, const std::string& address) {
  PBFS_ASSIGN_OR_RETURN(const Address parsed, ParsePrefix(address));
  return Open(session, parsed);
}

Result<ObjectStat> FindObject(Session& session, Target& target, std::optional<Hlc> as_of) {
  Result<ObjectStat> found = target.bucket.Stat(session.context(), target.name, {as_of});
  if (found.status().code() == StatusCode::kNotFound)
    return NotFoundError(fmt::format("there is no object '{0}/{1}'; pbfs ls {0} lists what there is",
                                     target.bucket.info().settings.name, target.name));
  return found;
}

Result<std::optional<Hlc>> AsOf(const std::string& time) {
  if (time.empty()) return std::optional<Hlc>();
  PBFS_ASSIGN_OR_RETURN(const int64_t millis, ParseTime(time, SystemClock().NowMillis()));
  return std::optional<Hlc>(AsOfMillis(millis));
}

Json OrderJson(const Order& order) {
  return {{"hlc", order.hlc}, {"wid", order.wid}, {"time", FormatTime(HlcMillis(order.hlc))}};
}

Json WrittenJson(const std::string& address, const Written& written) {
  return {{"object", address},
          {"object_id", written.object.ToString()},
          {"order", OrderJson(written.order)},
          {"begin", written.lo},
          {"end", written.hi},
          {"patches", written.ops}};
}

Json ReportDamage(Session& session, const std::string& address) {
  const auto client = session.client();
  if (!client.ok()) return {};
  const ClientStats stats = (*client)->Stats();
  int64_t bad = 0;
  std::map<std::string, int64_t> corrupt, missing;
  for (const auto& [store, count] : stats.corrupt) corrupt[std::to_string(store.value)] = count, bad += count;
  for (const auto& [store, count] : stats.missing) missing[std::to_string(store.value)] = count, bad += count;
  if (bad > 0)
    session.Note(fmt::format("decoded around {} damaged fragments; pbfs verify {} names them", bad, address));
  return {{"corrupt", corrupt},
          {"missing", missing},
          {"segments_decoded_around", stats.decoded_around},
          {"calls_not_waited_for", stats.hedges}};  // what those stores have of the object was perhaps not looked at
}

}  // namespace pbfs::cli
