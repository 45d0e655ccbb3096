#include "tools/pbfs/job/reference_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "tools/local/files.h"

namespace pbfs::cli {
namespace {

EVP_MD_CTX* AsDigest(void* state) { return static_cast<EVP_MD_CTX*>(state); }

}  // namespace

Result<ReferenceFile> ReferenceFile::Create(const std::string& directory) {
  std::string path = directory + "/pbfs-reference.XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return local::ErrnoStatus(errno, "cannot create a file in " + directory);
  return ReferenceFile(fd, std::move(path));
}

ReferenceFile::ReferenceFile(ReferenceFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

ReferenceFile::~ReferenceFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(path_.c_str());
}

Status ReferenceFile::WriteAt(int64_t offset, ByteSpan bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = pwrite(fd_, bytes.data() + done, bytes.size() - done, offset + static_cast<int64_t>(done));
    if (count < 0 && errno != EINTR) return local::ErrnoStatus(errno, "cannot write " + path_);
    if (count > 0) done += static_cast<size_t>(count);
  }
  return OkStatus();
}

Status ReferenceFile::Append(ByteSpan bytes) {
  PBFS_RETURN_IF_ERROR(WriteAt(size_, bytes));
  size_ += static_cast<int64_t>(bytes.size());
  return OkStatus();
}

Status ReferenceFile::Apply(const Edit& edit) {
  PBFS_CHECK(edit.offset >= 0 && edit.offset + edit.size <= size_);
  Bytes content(static_cast<size_t>(edit.size));
  FillContent(edit.content_seed, content);
  return WriteAt(edit.offset, content);
}

Status ReferenceFile::Read(int64_t offset, MutableByteSpan out) const {
  for (size_t done = 0; done < out.size();) {
    const ssize_t count = pread(fd_, out.data() + done, out.size() - done, offset + static_cast<int64_t>(done));
    if (count == 0) return InternalError(path_ + " is shorter than it was");
    if (count < 0 && errno != EINTR) return local::ErrnoStatus(errno, "cannot read " + path_);
    if (count > 0) done += static_cast<size_t>(count);
  }
  return OkStatus();
}

Sha256::Sha256() : state_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(AsDigest(state_), EVP_sha256(), nullptr); }
Sha256::~Sha256() { EVP_MD_CTX_free(AsDigest(state_)); }
void Sha256::Add(ByteSpan bytes) { EVP_DigestUpdate(AsDigest(state_), bytes.data(), bytes.size()); }
std::string Sha256::Finish() {
  std::array<uint8_t, 32> digest{};
  EVP_DigestFinal_ex(AsDigest(state_), digest.data(), nullptr);
  return ToHex(digest);
}

}  // namespace pbfs::cli
