#pragma once

#include <string>

#include "libs/adapters/disk/file_system.h"
#include "libs/base/random.h"

namespace pbfs::disk {

/// The file of the name.
inline constexpr char kStartName[] = "start";

/// Names of a store's last start and of the one before; empty: unknown. They tell a disk that is another one, empty, or as it was
/// long ago: whoever remembers the last start hears of another one before (format: 36 characters, an id, in the file "start").
struct StartMark {
  std::string start, before;
};

/// Gives this start a name and writes it down; durable when it returns. By whoever holds the directory's lock. Nothing is named where
/// that cannot be written (a full disk): then the name stays as it was, and so does what others remember.
StartMark MarkStart(FileSystem& files, Random& random);

}  // namespace pbfs::disk
