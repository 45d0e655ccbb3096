#pragma once

#include <string>

#include "libs/base/result.h"

namespace pbfs::local {

/// The keys of a cluster's one client: the admin key that signs keyrings, and the directory of its own keys. Returns the
/// admin's public key in hexadecimal.
Result<std::string> MakeClientKeys(const std::string& directory);
std::string AdminKeyFile(const std::string& directory);

}  // namespace pbfs::local
