#include "tools/pbfs/job/source.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "tools/local/files.h"

namespace pbfs::cli {
namespace {

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<TarSource> TarSource::Open(const std::string& directory, int64_t size) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) return NotFoundError("there is no directory " + directory);
  PBFS_RETURN_IF_ERROR(local::FindProgram("tar").status());
  TarSource source(local::AbsolutePath(directory), size);
  PBFS_RETURN_IF_ERROR(source.Begin());
  return source;
}

TarSource::TarSource(TarSource&& other) noexcept
    : directory_(std::move(other.directory_)),
      left_(other.left_),
      of_this_archive_(other.of_this_archive_),
      tar_(std::exchange(other.tar_, nullptr)) {}

TarSource::~TarSource() { End(); }

Status TarSource::Begin() {
  // Files that vanish or may not be read are left out: any real bytes will do.
  const std::string command =
      fmt::format("exec tar -cf - --ignore-failed-read -C {} . 2>/dev/null", Quoted(directory_));
  tar_ = popen(command.c_str(), "re");
  of_this_archive_ = 0;
  return tar_ != nullptr ? OkStatus() : local::ErrnoStatus(errno, "cannot run tar");
}

void TarSource::End() {
  if (tar_ != nullptr) pclose(std::exchange(tar_, nullptr));
}

Result<size_t> TarSource::Read(const Context& context, MutableByteSpan out) {
  const size_t wanted = static_cast<size_t>(std::min(left_, static_cast<int64_t>(out.size())));
  size_t done = 0;
  while (done < wanted) {
    PBFS_RETURN_IF_ERROR(context.Check());
    const size_t count = fread(out.data() + done, 1, wanted - done, tar_);
    done += count;
    of_this_archive_ += static_cast<int64_t>(count);
    if (count > 0) continue;
    if (of_this_archive_ == 0) return InternalError("tar of " + directory_ + " gave nothing");
    End();
    PBFS_RETURN_IF_ERROR(Begin());
  }
  left_ -= static_cast<int64_t>(done);
  return done;
}

}  // namespace pbfs::cli
