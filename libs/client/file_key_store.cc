#include "libs/client/file_key_store.h"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/private_file.h"

namespace pbfs {
namespace {

constexpr size_t kMaxFile = 4096;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Status FromErrno(const std::string& path, const char* what) {
  const int error = errno;
  const std::string message = fmt::format("{}: {}: {}", path, what, std::strerror(error));
  if (error == ENOENT) return NotFoundError(message);
  if (error == EACCES || error == EPERM) return PermissionDeniedError(message);
  if (error == EEXIST) return AlreadyExistsError(message);
  if (error == ENOSPC || error == EDQUOT) return ResourceExhaustedError(message);
  return InternalError(message);
}

Result<std::string> ReadSecretFile(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FromErrno(path, "cannot be opened");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return FromErrno(path, "cannot be looked at");
  if (!IsPrivate(info)) {
    return PermissionDeniedError(fmt::format("{} may be read by others; make it private: chmod 600", path));
  }
  std::string text(kMaxFile, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return FromErrno(path, "cannot be read");
  text.resize(static_cast<size_t>(got));
  return text;
}

Status WriteAll(int fd, const std::string& path, const std::string& text) {
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return FromErrno(path, "cannot be written");
  return ::fsync(fd) == 0 ? OkStatus() : FromErrno(path, "cannot be synced");
}

/// The file is there whole or not at all. `keep`: an existing one stays, ALREADY_EXISTS.
Status WriteSecretFile(const std::string& path, const std::string& text, bool keep, Random& random) {
  const std::string beside = fmt::format("{}.{:016x}", path, random.U64());
  Status status;
  {
    const FileDescriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return FromErrno(beside, "cannot be made");
    status = WriteAll(file.get(), beside, text);
  }
  if (status.ok() && keep && ::link(beside.c_str(), path.c_str()) != 0) status = FromErrno(path, "cannot be made");
  if (status.ok() && !keep && ::rename(beside.c_str(), path.c_str()) != 0)
    status = FromErrno(path, "cannot be replaced");
  if (keep || !status.ok()) ::unlink(beside.c_str());
  if (!status.ok()) return status;
  const std::string directory = path.substr(0, path.find_last_of('/') + 1);
  const FileDescriptor folder(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && ::fsync(folder.get()) == 0 ? OkStatus() : FromErrno(directory, "cannot be synced");
}

/// Words separated by single blanks, up to the end of the line.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '\n') break;
    if (c == ' ')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

Result<Key32> ParseSeed(const std::string& path, const std::string& hex) {
  const Result<Bytes> bytes = FromHex(hex);
  if (!bytes.ok() || bytes->size() != Key32::kSize) return InvalidArgumentError(path + ": malformed key");
  return Key32::FromBytes(*bytes);
}

Key32 NewSeed(Random& random) {
  Key32 seed;
  random.Fill(seed.mutable_span());
  return seed;
}

}  // namespace

std::string IdentityText(const Key32& box_seed, const Key32& signing_seed) {
  return fmt::format("pbfs-identity-1 {} {}\n", ToHex(box_seed.span()), ToHex(signing_seed.span()));
}

std::string AdminKeyText(const Key32& seed) { return fmt::format("pbfs-admin-1 {}\n", ToHex(seed.span())); }

Result<SigningKey> ParseAdminKey(const std::string& text) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != 2 || words[0] != "pbfs-admin-1") return InvalidArgumentError("not an administrator's key");
  PBFS_ASSIGN_OR_RETURN(const Key32 seed, ParseSeed("the administrator's key", words[1]));
  return SigningKeyFromSeed(seed);
}

Result<ClientIdentity> FileKeyStore::Identity() {
  MutexLock lock(mutex_);
  const bool apart = !options_.identity_file.empty();
  const std::string path = apart ? options_.identity_file : PathOf("identity");
  Result<std::string> text = apart ? ReadSecretFile(path) : ReadOrMakeIdentity(path);
  if (apart && text.status().code() == StatusCode::kNotFound)
    return FailedPreconditionError(path +
                                   ": the identity is not there (identity_file); put it there, or leave the field out");
  PBFS_RETURN_IF_ERROR(text.status());
  const std::vector<std::string> words = Words(*text);
  if (words.size() != 3 || words[0] != "pbfs-identity-1") return InvalidArgumentError(path + ": not an identity");
  PBFS_ASSIGN_OR_RETURN(const Key32 box, ParseSeed(path, words[1]));
  PBFS_ASSIGN_OR_RETURN(const Key32 signing, ParseSeed(path, words[2]));
  return ClientIdentity{BoxKeyFromSeed(box), SigningKeyFromSeed(signing)};
}

Result<std::string> FileKeyStore::ReadOrMakeIdentity(const std::string& path) {
  Result<std::string> text = ReadSecretFile(path);
  if (text.status().code() != StatusCode::kNotFound) return text;
  PBFS_RETURN_IF_ERROR(MakeIdentity(path));
  return ReadSecretFile(path);  // another process may have been faster
}

Status FileKeyStore::MakeIdentity(const std::string& path) {
  PBFS_RETURN_IF_ERROR(MakeDirectory());
  const Key32 box = NewSeed(random_), signing = NewSeed(random_);
  const Status written = WriteSecretFile(path, IdentityText(box, signing), true, random_);
  return written.code() == StatusCode::kAlreadyExists ? OkStatus() : written;
}

Status FileKeyStore::MakeDirectory() {
  const std::string& path = options_.directory;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? OkStatus() : FromErrno(path, "cannot be made");
}

Result<PublicKey> FileKeyStore::AdminPublicKey() {
  if (options_.admin_public_key == PublicKey{}) {
    return NotFoundError("no administrator's public key is configured (admin_public_key)");
  }
  return options_.admin_public_key;
}

Result<SigningKey> FileKeyStore::AdminKey() {
  const std::string& path = options_.admin_key_file;
  if (path.empty()) return PermissionDeniedError("the administrator's key is not kept here (admin_key_file)");
  PBFS_ASSIGN_OR_RETURN(const std::string text, ReadSecretFile(path));
  const Result<SigningKey> key = ParseAdminKey(text);
  return key.ok() ? key : Result<SigningKey>(key.status().Annotate(path));
}

Result<std::optional<SeenKeyring>> FileKeyStore::LastKeyring(BucketId bucket) {
  MutexLock lock(mutex_);
  return ReadKeyring(PathOf("keyring-" + bucket.ToString()));
}

Result<std::optional<SeenKeyring>> FileKeyStore::ReadKeyring(const std::string& path) {
  const Result<std::string> text = ReadSecretFile(path);
  if (text.status().code() == StatusCode::kNotFound) return std::optional<SeenKeyring>();
  PBFS_RETURN_IF_ERROR(text.status());
  const std::vector<std::string> words = Words(*text);
  SeenKeyring seen;
  const bool sound =
      words.size() == 2 &&
      std::from_chars(words[0].data(), words[0].data() + words[0].size(), seen.version).ec == std::errc();
  const Result<Bytes> hash = sound ? FromHex(words[1]) : Result<Bytes>(Bytes());
  if (!hash.ok() || hash->size() != seen.hash.size()) return InvalidArgumentError(path + ": malformed");
  std::copy(hash->begin(), hash->end(), seen.hash.begin());
  return std::optional<SeenKeyring>(seen);
}

Status FileKeyStore::RememberKeyring(BucketId bucket, const SeenKeyring& seen) {
  const std::string path = PathOf("keyring-" + bucket.ToString());
  MutexLock lock(mutex_);
  PBFS_ASSIGN_OR_RETURN(const auto last, ReadKeyring(path));
  if (last.has_value() && last->version >= seen.version) return OkStatus();
  PBFS_RETURN_IF_ERROR(MakeDirectory());
  return WriteSecretFile(path, fmt::format("{} {}\n", seen.version, ToHex(seen.hash)), false, random_);
}

Result<PublicKey> FileKeyStore::CreateAdminKey(const std::string& path, Random& random) {
  const Key32 seed = NewSeed(random);
  PBFS_RETURN_IF_ERROR(WriteSecretFile(path, AdminKeyText(seed), true, random));
  return SigningKeyFromSeed(seed).public_key;
}

}  // namespace pbfs
