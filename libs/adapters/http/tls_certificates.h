#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs {

/// The server's certificate and key, read again when their files change. Threads: any.
class TlsCertificates {
 public:
  TlsCertificates(std::string certificate_file, std::string key_file);

  /// Reads the files. Errors: FAILED_PRECONDITION naming the file; what was there before stays.
  Status Reload();
  /// Reload() if a file's time is another than it was at the last attempt; a failure is logged.
  void ReloadIfChanged();
  /// For a new connection; after a first Reload() that was OK.
  std::shared_ptr<boost::asio::ssl::context> current() const;

 private:
  using Times = std::pair<std::filesystem::file_time_type, std::filesystem::file_time_type>;
  Times FileTimes() const;
  Result<std::shared_ptr<boost::asio::ssl::context>> Load() const;

  const std::string certificate_file_;
  const std::string key_file_;
  mutable Mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_ PBFS_GUARDED_BY(mutex_);
  Times times_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
