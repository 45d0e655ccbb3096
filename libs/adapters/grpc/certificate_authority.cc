#include "libs/adapters/grpc/certificate_authority.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "libs/crypto/certificates.h"

namespace pbfs {
namespace {

constexpr int64_t kLifeSeconds = int64_t{10} * 365 * 86'400;
constexpr int64_t kBackdateSeconds = 3'600;  // clocks differ

CertificatePlan PlanOf(const std::string& name, const std::vector<std::string>& hosts) {
  const int64_t now = std::time(nullptr);
  return {name, hosts, now - kBackdateSeconds, now + kLifeSeconds};
}

Status WriteFile(const std::string& path, const std::string& text, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return FailedPreconditionError(temporary + ": " + std::strerror(errno));
  const ssize_t written = write(file, text.data(), text.size());
  close(file);
  if (written != static_cast<ssize_t>(text.size()) || rename(temporary.c_str(), path.c_str()) != 0) {
    return FailedPreconditionError(path + ": " + std::strerror(errno));
  }
  return OkStatus();
}

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

struct CertificateAuthority::Impl {
  std::string directory;
  KeyedCertificate own;

  std::string Path(const std::string& file) const { return directory + "/" + file; }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;

Result<CertificateAuthority> CertificateAuthority::Create(const std::string& directory) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  PBFS_ASSIGN_OR_RETURN(impl->own, MakeAuthority(PlanOf("PBFS cluster CA", {})));
  PBFS_RETURN_IF_ERROR(WriteFile(impl->Path("ca-key.pem"), impl->own.key, 0600));
  PBFS_RETURN_IF_ERROR(WriteFile(impl->Path("ca.pem"), impl->own.certificate, 0644));
  return CertificateAuthority(std::move(impl));
}

Result<CertificateAuthority> CertificateAuthority::Load(const std::string& directory) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->own = {ReadFile(impl->Path("ca.pem")), ReadFile(impl->Path("ca-key.pem"))};
  if (!IsPairOf(impl->own, impl->own.certificate)) {
    return FailedPreconditionError(directory + ": no certificate authority (ca.pem, ca-key.pem) here");
  }
  return CertificateAuthority(std::move(impl));
}

Result<TlsFiles> CertificateAuthority::Issue(const std::string& name, const std::vector<std::string>& hosts) {
  PBFS_ASSIGN_OR_RETURN(const KeyedCertificate leaf, MakeLeaf(PlanOf(name, hosts), impl_->own));
  const TlsFiles files{impl_->Path("ca.pem"), impl_->Path(name + ".pem"), impl_->Path(name + "-key.pem")};
  PBFS_RETURN_IF_ERROR(WriteFile(files.key, leaf.key, 0600));
  PBFS_RETURN_IF_ERROR(WriteFile(files.cert, leaf.certificate, 0644));
  return files;
}

}  // namespace pbfs
