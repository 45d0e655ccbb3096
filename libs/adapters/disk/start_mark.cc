#include "libs/adapters/disk/start_mark.h"

#include <spdlog/spdlog.h>

#include "libs/base/ids.h"

namespace pbfs::disk {
namespace {

constexpr char kDraft[] = "start.new";
constexpr size_t kLength = 36;

std::string ReadMark(FileSystem& files) {
  const auto file = files.Open(kStartName, false);
  Bytes bytes(kLength);
  if (!file.ok() || !(*file)->ReadAt(0, bytes).ok()) return "";
  const std::string text(bytes.begin(), bytes.end());
  return text.find_first_not_of("0123456789abcdef-") == std::string::npos ? text : "";
}

Status WriteMark(FileSystem& files, const std::string& name) {
  (void)files.Remove(kDraft);  // of a start that a crash ended
  PBFS_ASSIGN_OR_RETURN(const auto file, files.Open(kDraft, true));
  const ByteSpan part = AsBytes(name);
  PBFS_RETURN_IF_ERROR(file->WriteAt(0, {&part, 1}));
  PBFS_RETURN_IF_ERROR(file->Sync());
  PBFS_RETURN_IF_ERROR(files.Rename(kDraft, kStartName));
  return files.SyncDirectory();
}

}  // namespace

StartMark MarkStart(FileSystem& files, Random& random) {
  const StartMark mark{BucketId::NewRandom(random).ToString(), ReadMark(files)};
  const Status written = WriteMark(files, mark.start);
  if (written.ok()) return mark;
  spdlog::warn("this start could not be written down: {}", written.ToString());
  return {};
}

}  // namespace pbfs::disk
