#pragma once

#include <string>
#include <vector>

#include "tools/local/postgres_setup.h"

/// PostgreSQL under Patroni: the files of its members. Patroni starts and stops PostgreSQL, elects the primary through
/// etcd and makes the others follow it.
namespace pbfs::local {

/// Where a cluster of Patroni keeps its state in etcd: its keys begin with "/patroni/pbfs/".
inline constexpr const char* kPatroniNamespace = "/patroni/";
inline constexpr const char* kPatroniScope = "pbfs";

struct PatroniMember {
  std::string name;                   // "postgres-1"
  std::string directory;              // its own, which the user that runs PostgreSQL can read
  PostgresNode node;                  // the certificates also serve Patroni, towards etcd and the other members
  std::string superuser_certificate;  // client certificate with CN postgres
  std::string superuser_key;
  int rest_port = 0;  // where the members ask each other
};

/// Data directories with one content, from which Patroni begins: initdb, roles and a database, and copies of that.
Status MakeMembers(const Context& context, const std::vector<PatroniMember>& members);
/// Writes Patroni's configuration, with which it finds etcd at `etcd_port`, and says how to run it.
Result<CommandSpec> AddPatroni(const PatroniMember& member, int etcd_port, const std::string& log);

}  // namespace pbfs::local
