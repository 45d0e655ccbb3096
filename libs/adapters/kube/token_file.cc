#include "libs/adapters/kube/token_file.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <utility>

namespace pbfs::kube {
namespace {

constexpr size_t kMaxFile = 64 << 10;
constexpr auto kLookEvery = std::chrono::seconds(10);

/// What RFC 6750 lets into a header; above all no line feed.
bool IsToken(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 127; });
}

}  // namespace

Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  if (!file) return FailedPreconditionError(path + ": cannot be read");
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFile) return FailedPreconditionError(path + ": is larger than 64 KiB");
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

Result<std::unique_ptr<TokenFile>> TokenFile::Open(const std::string& path) {
  std::unique_ptr<TokenFile> file(new TokenFile(path));
  MutexLock lock(file->mutex_);
  PBFS_RETURN_IF_ERROR(file->Read());
  return file;
}

Status TokenFile::Read() {
  look_again_ = MonotonicNow() + kLookEvery;
  PBFS_ASSIGN_OR_RETURN(std::string text, ReadTextFile(path_));
  if (!IsToken(text)) return FailedPreconditionError(path_ + ": holds no bearer token");
  token_ = std::move(text);
  return OkStatus();
}

std::string TokenFile::Get() {
  MutexLock lock(mutex_);
  if (MonotonicNow() >= look_again_) (void)Read();
  return token_;
}

bool TokenFile::Refresh(const std::string& refused) {
  MutexLock lock(mutex_);
  (void)Read();
  return token_ != refused;
}

}  // namespace pbfs::kube
