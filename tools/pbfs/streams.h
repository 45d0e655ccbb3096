#pragma once

#include <cstdint>
#include <string>

#include "libs/base/bytes.h"
#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/client/streams.h"
#include "tools/pbfs/progress.h"

/// Local files and the standard streams ("-") as sources and sinks of payload.
namespace pbfs::cli {

class InputFile final : public ByteSource {
 public:
  /// A file, or stdin for "-". Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT a directory.
  static Result<InputFile> Open(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile() override;
  /// Bytes of the file; -1 if it is no regular file.
  int64_t size() const { return size_; }
  /// Fills `out`, less only at the end; 0 is the end. Errors: CANCELLED by an interrupt, INTERNAL.
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;

 private:
  InputFile(int fd, int64_t size, std::string path) : fd_(fd), size_(size), path_(std::move(path)) {}
  int fd_;
  int64_t size_;
  std::string path_;
};

/// A file that appears whole or not at all (it is written beside its place and renamed), or stdout for "-", or a device or
/// pipe, written directly.
class OutputFile final : public ByteSink {
 public:
  /// Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT a directory.
  static Result<OutputFile> Open(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() override;
  /// Errors: RESOURCE_EXHAUSTED disk full; CANCELLED by an interrupt, or the reader of a pipe has gone; INTERNAL.
  Status Write(const Context& context, ByteSpan bytes) override;
  /// All is written: syncs the file and puts it in its place.
  Status Finish();

 private:
  OutputFile(int fd, std::string path, std::string beside)
      : fd_(fd), path_(std::move(path)), beside_(std::move(beside)) {}
  int fd_;
  std::string path_;
  std::string beside_;  // empty: written directly
};

/// Passes bytes on and shows how many they are.
class ProgressSource final : public ByteSource {
 public:
  ProgressSource(ByteSource& inner, Progress& progress) : inner_(inner), progress_(progress) {}
  Result<size_t> Read(const Context& context, MutableByteSpan out) override {
    Result<size_t> count = inner_.Read(context, out);
    if (count.ok()) progress_.Update(bytes_ += static_cast<int64_t>(*count));
    return count;
  }
  int64_t bytes() const { return bytes_; }

 private:
  ByteSource& inner_;
  Progress& progress_;
  int64_t bytes_ = 0;
};

class ProgressSink final : public ByteSink {
 public:
  ProgressSink(ByteSink& inner, Progress& progress) : inner_(inner), progress_(progress) {}
  Status Write(const Context& context, ByteSpan bytes) override {
    progress_.Update(bytes_ += static_cast<int64_t>(bytes.size()));
    return inner_.Write(context, bytes);
  }
  int64_t bytes() const { return bytes_; }

 private:
  ByteSink& inner_;
  Progress& progress_;
  int64_t bytes_ = 0;
};

}  // namespace pbfs::cli
