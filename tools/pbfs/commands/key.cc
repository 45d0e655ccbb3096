#include <fmt/format.h>

#include "libs/access/access_keys.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/s3/policy.h"
#include "tools/local/files.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string user, id, policy_file;
  bool env = false;
};

/// The access keys of the site, by this session's client.
struct Keys {
  explicit Keys(Client& client) : documents(client), keys(documents, clock) {}
  SystemClock clock;
  SystemBucket documents;
  AccessKeys keys;
};

Json KeyJson(const AccessKey& key) {
  return {{"id", key.id},
          {"user", key.user},
          {"policy", !key.policy.empty()},
          {"created_ms", key.created_ms},
          {"enabled", key.enabled}};
}

Status Create(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  Keys site(*client);
  PBFS_RETURN_IF_ERROR(site.documents.Create(session.context()));
  std::string policy;
  if (!arguments.policy_file.empty()) {
    PBFS_ASSIGN_OR_RETURN(policy, local::ReadTextFile(arguments.policy_file));
    PBFS_RETURN_IF_ERROR(s3::Policy::ParseUser(policy).status());
  }
  SystemRandom random;
  PBFS_ASSIGN_OR_RETURN(const AccessKey key, site.keys.Create(session.context(), arguments.user, random, policy));
  if (arguments.env) {
    session.Say(fmt::format("export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_DEFAULT_REGION=us-east-1", key.id,
                            key.secret));
  } else {
    session.Say(fmt::format("access key  {}\nsecret key  {}", key.id, key.secret));
  }
  session.Note("The secret is shown this once. Gateways know the key at once.");
  Json shown = KeyJson(key);
  shown["secret"] = key.secret;
  session.Report(shown);
  return OkStatus();
}

Status List(Session& session, const Arguments&) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  Keys site(*client);
  PBFS_ASSIGN_OR_RETURN(const std::vector<AccessKey> keys, site.keys.List(session.context()));
  Json all = Json::array();
  for (const AccessKey& key : keys) {
    session.Say(fmt::format("{} {:<8} {}", key.id, key.enabled ? "enabled" : "disabled", key.user));
    all.push_back(KeyJson(key));
  }
  session.Report({{"keys", all}});
  return OkStatus();
}

Status SetEnabled(Session& session, const Arguments& arguments, bool enabled) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  Keys site(*client);
  PBFS_RETURN_IF_ERROR(site.keys.SetEnabled(session.context(), arguments.id, enabled));
  session.Say(fmt::format("{} {}; gateways follow within {} s", arguments.id, enabled ? "enabled" : "disabled",
                          AccessKeys::kRemembered / std::chrono::seconds(1)));
  session.Report({{"id", arguments.id}, {"enabled", enabled}});
  return OkStatus();
}
Status Enable(Session& session, const Arguments& arguments) { return SetEnabled(session, arguments, true); }
Status Disable(Session& session, const Arguments& arguments) { return SetEnabled(session, arguments, false); }

Status Delete(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  Keys site(*client);
  PBFS_RETURN_IF_ERROR(site.keys.Delete(session.context(), arguments.id));
  session.Say(fmt::format("{} deleted; gateways follow within {} s", arguments.id,
                          AccessKeys::kRemembered / std::chrono::seconds(1)));
  session.Report({{"id", arguments.id}});
  return OkStatus();
}

}  // namespace

void AddKey(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* key = line.Add("key", "Access keys: whom S3 requests to gateways are signed by",
                           "  pbfs key create alice\n  pbfs key list\n  pbfs key disable PBFS0123456789ABCDEF\n"
                           "  pbfs key delete PBFS0123456789ABCDEF");
  key->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, Status (*body)(Session&, const Arguments&)) {
    CLI::App* command = line.Add(name, what, "", key);
    line.Run(command, [arguments, body](Session& session) { return body(session, *arguments); });
    return command;
  };
  CLI::App* create = add("create", "A new key, whose secret is printed once", Create);
  create->add_option("user", arguments->user, "Whom it belongs to")->required();
  create->add_flag("--env", arguments->env, "Print it as what a shell can eval");
  create->add_option("--policy", arguments->policy_file,
                     "What it may do: a file of JSON as S3 has it (default: everything)");
  add("list", "All keys, without their secrets", List);
  for (const auto& [name, what, body] : {std::tuple{"enable", "Let a key be used again", &Enable},
                                         std::tuple{"disable", "Refuse what a key signs", &Disable},
                                         std::tuple{"delete", "Forget a key for good", &Delete}})
    add(name, what, body)->add_option("id", arguments->id, "The access key")->required();
}

}  // namespace pbfs::cli
