#pragma once

#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"

/// Files and ports of the local cluster. All errors name the path and say what the system said.
namespace pbfs::local {

/// A Status for errno `error`: NOT_FOUND, PERMISSION_DENIED, ALREADY_EXISTS, RESOURCE_EXHAUSTED (disk full, too many
/// files) or INTERNAL; "what: No such file or directory".
Status ErrnoStatus(int error, const std::string& what);

/// The whole content.
Result<std::string> ReadTextFile(const std::string& path);
/// Replaces the file in one step (write beside it, sync, rename), with these permission bits from its first moment on.
Status WriteTextFile(const std::string& path, const std::string& content, unsigned mode);
Status MakeDirectory(const std::string& path, unsigned mode);
/// Gives a tree to a user (`user` empty: nothing to do).
Status GiveTo(const std::string& path, const std::string& user);
Status RemoveTree(const std::string& path);
/// Bytes of a tree that hold data: space that is only reserved, and holes, count as nothing, as do files that vanish
/// meanwhile.
int64_t DataBytes(const std::string& path);
/// The end of a log file, for messages: at most `lines` lines, "(empty)" if there is nothing.
std::string LogTail(const std::string& path, int lines);
/// The path made absolute, without symbolic links resolved.
std::string AbsolutePath(const std::string& path);
/// OK if `user` may walk down to `path`, which must exist. Errors: PERMISSION_DENIED naming the directory in the way.
Status CheckReachableBy(const std::string& path, const std::string& user);

/// Ports for servers of a cluster: reserved ones (ReserveLoopbackPort); with base > 0: base, base + 1, ...
/// Errors: FAILED_PRECONDITION naming the port in use; RESOURCE_EXHAUSTED.
Result<std::vector<int>> FreePorts(int count, int base);

/// Finds a program: beside this program and the service folders of the build tree, in PATH, then where Debian keeps
/// PostgreSQL (/usr/lib/postgresql/*/bin, newest first), then /usr/sbin and /sbin.
/// Errors: NOT_FOUND saying which package has it.
Result<std::string> FindProgram(const std::string& name);

}  // namespace pbfs::local
