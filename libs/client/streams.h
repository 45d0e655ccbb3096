#pragma once

#include <algorithm>
#include <cstring>

#include "libs/base/bytes.h"
#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {

/// Where the bytes of a long write come from: a file, a pipe, a request body. The library reads it front to back, once,
/// from one thread at a time (not always the same).
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `out` from its beginning and returns how many bytes it holds: less than out.size() only at the end of the data,
  /// 0 when there is no more. May block until context.deadline. An error ends the write with it.
  virtual Result<size_t> Read(const Context& context, MutableByteSpan out) = 0;
};

/// Where the bytes of a long read go. Called front to back, from one thread at a time (not always the same).
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of `bytes`, which are gone when it returns. An error ends the read with it.
  virtual Status Write(const Context& context, ByteSpan bytes) = 0;
};

/// Bytes that are in memory already, which must outlive the source.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteSpan bytes) : rest_(bytes) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    const size_t taken = std::min(out.size(), rest_.size());
    if (taken > 0) std::memcpy(out.data(), rest_.data(), taken);
    rest_ = rest_.subspan(taken);
    return taken;
  }

 private:
  ByteSpan rest_;
};

/// Collects everything in memory.
class MemorySink final : public ByteSink {
 public:
  Status Write(const Context&, ByteSpan bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return OkStatus();
  }
  const Bytes& bytes() const { return bytes_; }
  Bytes Take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace pbfs
