#pragma once

#include <memory>
#include <string>

#include "libs/adapters/disk/file_system.h"

namespace pbfs::disk {

/// The directory `path` of this machine; it is made if it does not exist (its parent must).
/// Errors: UNAVAILABLE, PERMISSION_DENIED with the path and what the system says.
Result<std::unique_ptr<FileSystem>> OpenPosixFileSystem(const std::string& path);

}  // namespace pbfs::disk
