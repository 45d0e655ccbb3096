#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "libs/base/bytes.h"
#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/client/streams.h"

namespace pbfs::cli {

/// Real bytes for the main job: a tar of a directory, again from its start where it is smaller than `size`, cut there.
/// Threads: one.
class TarSource final : public ByteSource {
 public:
  /// Errors: NOT_FOUND no such directory, no tar.
  static Result<TarSource> Open(const std::string& directory, int64_t size);
  TarSource(TarSource&& other) noexcept;
  TarSource& operator=(TarSource&&) = delete;
  ~TarSource() override;
  /// Fills `out`, less only at the end; 0 is the end. Errors: INTERNAL an archive without a byte; CANCELLED.
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;

 private:
  TarSource(std::string directory, int64_t size) : directory_(std::move(directory)), left_(size) {}
  Status Begin();
  void End();

  std::string directory_;
  int64_t left_;
  int64_t of_this_archive_ = 0;
  FILE* tar_ = nullptr;
};

}  // namespace pbfs::cli
