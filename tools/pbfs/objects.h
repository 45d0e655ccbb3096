#pragma once

#include <optional>
#include <string>

#include "libs/client/client.h"
#include "tools/pbfs/address.h"
#include "tools/pbfs/session.h"

/// Steps that several commands share.
namespace pbfs::cli {

/// A bucket and a name of it.
struct Target {
  Bucket bucket;
  std::string name;
};
/// Opens the bucket of "BUCKET/NAME"; the name need not exist. Errors: INVALID_ARGUMENT, NOT_FOUND bucket.
Result<Target> OpenTarget(Session& session, const std::string& address);
/// The same for "BUCKET" or "BUCKET/PREFIX"; then name is the prefix.
Result<Target> OpenPrefix(Session& session, const std::string& address);
/// The object that the name is bound to. Errors: NOT_FOUND saying how to list names.
Result<ObjectStat> FindObject(Session& session, Target& target, std::optional<Hlc> as_of = {});

/// "" is none; else a time as ParseTime() takes it. Errors: INVALID_ARGUMENT.
Result<std::optional<Hlc>> AsOf(const std::string& time);
Json OrderJson(const Order& order);
Json WrittenJson(const std::string& address, const Written& written);
/// What the reads of this session went around: fragments that are corrupt or missing, by store. A note for people, if there
/// is any; the same for programs.
Json ReportDamage(Session& session, const std::string& address);

}  // namespace pbfs::cli
