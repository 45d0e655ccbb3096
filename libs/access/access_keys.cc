#include "libs/access/access_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pbfs {
namespace {

using nlohmann::json;

constexpr size_t kIdLength = 20, kSecretLength = 40;
constexpr const char* kPrefix = "key/";

// Ids are upper case and digits, as clients expect; 62 and 36 do not divide 2^64, which hardly matters here.
std::string RandomText(Random& random, size_t length, std::string_view alphabet) {
  std::string text;
  while (text.size() < length) text += alphabet[random.Below(alphabet.size())];
  return text;
}

// Ids come in requests, and are part of a name: nothing else than what we make is looked up.
bool IsId(const std::string& id) {
  return id.size() == kIdLength &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

std::string Encode(const AccessKey& key) {
  return json{{"id", key.id},         {"secret", key.secret},         {"user", key.user},
              {"policy", key.policy}, {"created_ms", key.created_ms}, {"enabled", key.enabled}}
      .dump();
}

Result<AccessKey> Decode(const std::string& id, const std::string& document) {
  const json parsed = json::parse(document, nullptr, false);
  AccessKey key;
  const auto text = [&](const char* name) {
    const auto found = parsed.find(name);
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (parsed.is_object()) {
    key.id = text("id"), key.secret = text("secret"), key.user = text("user"), key.policy = text("policy");
    key.created_ms = parsed.value("created_ms", json(0)).is_number_integer() ? parsed["created_ms"].get<int64_t>() : 0;
    key.enabled = parsed.value("enabled", json(false)) == json(true);
  }
  if (key.id != id || key.secret.empty()) return DataLossError("access key " + id + ": its document is malformed");
  return key;
}

}  // namespace

AccessKey NewAccessKey(Random& random) {
  AccessKey key;
  key.id = "PBFS" + RandomText(random, kIdLength - 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
  key.secret = RandomText(random, kSecretLength, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  return key;
}

Status CheckPair(const AccessKey& key) {
  if (!IsId(key.id)) return InvalidArgumentError("an access key's id has 20 of A-Z and 0-9");
  if (key.secret.empty() || key.secret.size() > 128)
    return InvalidArgumentError("an access key's secret has 1 to 128 characters");
  return OkStatus();
}

Result<AccessKey> AccessKeys::Create(const Context& context, const std::string& user, Random& random,
                                     const std::string& policy) {
  AccessKey key = NewAccessKey(random);
  key.user = user;
  key.policy = policy;
  key.created_ms = clock_.NowMillis();
  PBFS_RETURN_IF_ERROR(Put(context, key));
  return key;
}

Status AccessKeys::Put(const Context& context, const AccessKey& key) {
  const std::string& user = key.user;
  const bool printable = std::all_of(user.begin(), user.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (user.empty() || user.size() > 64 || !printable)
    return InvalidArgumentError("a user's name has 1 to 64 printable characters without blanks");
  PBFS_RETURN_IF_ERROR(CheckPair(key));
  return documents_.Put(context, kPrefix + key.id, Encode(key));
}

Result<std::optional<AccessKey>> AccessKeys::Load(const Context& context, const std::string& id) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<std::string> document, documents_.Get(context, kPrefix + id));
  if (!document.has_value()) return std::optional<AccessKey>{};
  PBFS_ASSIGN_OR_RETURN(AccessKey key, Decode(id, *document));
  return std::optional<AccessKey>(std::move(key));
}

Result<std::optional<AccessKey>> AccessKeys::Find(const Context& context, const std::string& id) {
  if (!IsId(id)) return std::optional<AccessKey>{};
  const MonotonicTime now = MonotonicNow();
  {
    MutexLock lock(mutex_);
    const auto found = remembered_.find(id);
    if (found != remembered_.end() && now < found->second.until) return found->second.key;
  }
  PBFS_ASSIGN_OR_RETURN(std::optional<AccessKey> key, Load(context, id));
  MutexLock lock(mutex_);
  if (remembered_.size() >= kMaxRemembered) remembered_.clear();  // somebody tries out ids
  remembered_[id] = {key, now + kRemembered};
  return key;
}

Result<std::vector<AccessKey>> AccessKeys::List(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> names, documents_.List(context, kPrefix));
  std::vector<AccessKey> keys;
  for (const std::string& name : names) {
    PBFS_ASSIGN_OR_RETURN(std::optional<AccessKey> key, Load(context, name.substr(std::string(kPrefix).size())));
    if (key.has_value()) keys.push_back(*std::move(key));
  }
  return keys;
}

Status AccessKeys::SetEnabled(const Context& context, const std::string& id, bool enabled) {
  PBFS_ASSIGN_OR_RETURN(std::optional<AccessKey> key, Load(context, id));
  if (!key.has_value()) return NotFoundError("no access key " + id);
  key->enabled = enabled;
  return documents_.Put(context, kPrefix + id, Encode(*key));
}

Status AccessKeys::Delete(const Context& context, const std::string& id) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<AccessKey> key, Load(context, id));
  if (!key.has_value()) return NotFoundError("no access key " + id);
  return documents_.Delete(context, kPrefix + id);
}

}  // namespace pbfs
