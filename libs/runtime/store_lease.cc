#include "libs/runtime/store_lease.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "libs/catalog/place_groups.h"

namespace pbfs {
namespace {

using Json = nlohmann::json;

constexpr double kMaxWeight = 1e6;  // in units of an ordinary store

Result<StoreId> IdOf(std::string_view key) {
  StoreId id;
  const bool ours = key.starts_with(kStoreLeases);
  if (ours) key.remove_prefix(std::string_view(kStoreLeases).size());
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id.value);
  if (!ours || error != std::errc() || end != key.data() + key.size())
    return InvalidArgumentError("the key is not stores/<id>");
  return id;
}

Result<std::string> TextOf(const Json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_string()) return InvalidArgumentError(fmt::format("{} is no text", field));
  return found->get<std::string>();
}

Result<std::string> TextOr(const Json& json, const char* field) {
  return json.contains(field) ? TextOf(json, field) : Result<std::string>("");
}

Result<float> WeightOf(const Json& json) {
  const auto found = json.find("weight");
  if (found == json.end()) return 1.0f;
  const double weight = found->is_number() ? found->get<double>() : 0;
  if (!(weight > 0 && weight <= kMaxWeight)) return InvalidArgumentError("weight is no number above 0 and up to 1e6");
  return static_cast<float>(weight);
}

}  // namespace

LeaseInfo EncodeStoreLease(const StoreInfo& store, std::string holder) {
  Json json = {{"address", store.address}, {"domain", store.domain}, {"weight", store.weight}};
  if (!store.start.empty()) json["start"] = store.start;
  if (!store.start_before.empty()) json["startBefore"] = store.start_before;
  return {fmt::format("{}{}", kStoreLeases, store.id.value), std::move(holder),
          json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Result<StoreInfo> DecodeStoreLease(const LeaseInfo& lease) {
  StoreInfo store;
  PBFS_ASSIGN_OR_RETURN(store.id, IdOf(lease.key));
  const Json json = Json::parse(lease.value, nullptr, false);
  if (!json.is_object()) return InvalidArgumentError("the value is no JSON object");
  PBFS_ASSIGN_OR_RETURN(store.address, TextOf(json, "address"));
  PBFS_ASSIGN_OR_RETURN(store.domain, TextOf(json, "domain"));
  PBFS_ASSIGN_OR_RETURN(store.weight, WeightOf(json));
  PBFS_ASSIGN_OR_RETURN(store.start, TextOr(json, "start"));
  PBFS_ASSIGN_OR_RETURN(store.start_before, TextOr(json, "startBefore"));
  PBFS_RETURN_IF_ERROR(CheckStore(store));
  return store;
}

}  // namespace pbfs
