#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libs/adapters/disk/file_system.h"
#include "libs/adapters/disk/volume_format.h"
#include "libs/crypto/primitives.h"

namespace pbfs::disk {

/// What the file "identity" of a store's directory says: who the store is, for as long as there is the directory
/// (docs/formats/volumes.md). It holds a secret: the store's own.
struct WrittenIdentity {
  Owner owner;
  Key32 key;  // K_store
};

/// One line: "pbfs-store-1 <cluster id> <store id> <hex of the key>".
std::string FormatIdentity(const WrittenIdentity& identity);
/// Nothing unless it is what FormatIdentity() gives, byte for byte.
std::optional<WrittenIdentity> ParseIdentity(std::string_view text);

/// Asks for a number and a key that no store has.
using AskForIdentity = std::function<Result<WrittenIdentity>()>;

/// Who the store of this directory is: by its file, or, at the first start, whom `ask` says, which is durable when this returns. Holds
/// the directory's lock meanwhile, so of several processes at once one asks. Where this fails, what was asked for is lost, and the next
/// start asks again.
/// Errors: FAILED_PRECONDITION the file is another cluster's or malformed, or there is none in a directory that another start has used, or
/// another process uses the directory: and what to do; those of `ask` and of the disk.
Result<WrittenIdentity> SettleIdentity(FileSystem& files, const std::array<uint8_t, 16>& cluster,
                                       const AskForIdentity& ask);

}  // namespace pbfs::disk
