#include "services/operator/connection_door.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "libs/runtime/connection.h"

namespace pbfs::operators {
namespace {

Status WriteFile(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return FailedPreconditionError(path + ": " + std::strerror(errno));
  const ssize_t written = ::write(file, text.data(), text.size());
  ::close(file);
  return written == static_cast<ssize_t>(text.size()) ? OkStatus()
                                                      : FailedPreconditionError(path + " cannot be written whole");
}

/// A connection and the files that it reads.
class ConnectedSite final : public Site {
 public:
  ConnectedSite(std::string folder, std::unique_ptr<Connection> connection)
      : folder_(std::move(folder)), connection_(std::move(connection)), documents_(connection_->client()) {}
  ~ConnectedSite() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Client& client() override { return connection_->client(); }
  Groups& groups() override { return connection_->groups(); }
  Repairs& repairs() override { return connection_->repairs(); }
  FragmentStores& stores() override { return connection_->stores(); }
  SystemBucket& documents() override { return documents_; }

 private:
  const std::string folder_;
  const std::unique_ptr<Connection> connection_;
  SystemBucket documents_;
};

Result<std::shared_ptr<Site>> Connect(const std::string& folder, const SiteKeys& keys) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return FailedPreconditionError(folder + ": " + error.message());
  const std::pair<const char*, const std::string&> files[] = {{"ca.crt", keys.ca},
                                                              {"tls.crt", keys.certificate},
                                                              {"tls.key", keys.key},
                                                              {"identity", keys.identity},
                                                              {"admin-key", keys.admin_key}};
  for (const auto& [name, text] : files) PBFS_RETURN_IF_ERROR(WriteFile(folder + "/" + name, text));
  ClientSettings settings;
  settings.tls = {folder + "/ca.crt", folder + "/tls.crt", folder + "/tls.key"};
  settings.catalogs = keys.catalogs;
  settings.keys_directory = folder;
  settings.admin_key_file = folder + "/admin-key";
  settings.admin_public_key = keys.admin_public_key;
  settings.memory_bytes = int64_t{16} << 20;
  settings.threads = 1;
  settings.timeout = std::chrono::seconds(20);
  PBFS_ASSIGN_OR_RETURN(auto connection, Connection::Open(settings, "the site's keys"));
  return std::shared_ptr<Site>(std::make_shared<ConnectedSite>(folder, std::move(connection)));
}

}  // namespace

ConnectionDoor::~ConnectionDoor() = default;

Result<std::shared_ptr<Site>> ConnectionDoor::Open(const std::string& cluster, const SiteKeys& keys) {
  MutexLock lock(mutex_);
  const auto found = opened_.find(cluster);
  if (found != opened_.end() && found->second.keys == keys) return found->second.site;
  std::string folder = cluster;
  for (char& c : folder)
    if (c == '/') c = '.';
  PBFS_ASSIGN_OR_RETURN(auto site,
                        Connect(fmt::format("{}/{}.{}.{}", directory_, folder, ::getpid(), ++generation_), keys));
  opened_[cluster] = {keys, site};
  return site;
}

}  // namespace pbfs::operators
