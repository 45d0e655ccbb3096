#include "tools/local/client_keys.h"

#include "libs/base/random.h"
#include "libs/client/file_key_store.h"
#include "tools/local/files.h"

namespace pbfs::local {

Result<std::string> MakeClientKeys(const std::string& directory) {
  PBFS_RETURN_IF_ERROR(MakeDirectory(directory + "/client/keys", 0700));
  SystemRandom random;
  PBFS_ASSIGN_OR_RETURN(const PublicKey admin, FileKeyStore::CreateAdminKey(AdminKeyFile(directory), random));
  return ToHex(admin);
}

std::string AdminKeyFile(const std::string& directory) { return directory + "/client/admin-key"; }

}  // namespace pbfs::local
