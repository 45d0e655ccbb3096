#pragma once

#include <memory>
#include <utility>

#include "libs/base/bytes.h"

namespace pbfs {

/// Payload: an immutable run of bytes that shares ownership of its memory. Copying and slicing a Buffer copies no
/// payload. Threads: a value; the bytes never change, so any thread may read them.
class Buffer {
 public:
  Buffer() = default;
  /// Takes the vector's memory over.
  static Buffer FromBytes(Bytes&& bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    const ByteSpan view(*owner);
    return Buffer(std::move(owner), view);
  }
  /// A copy of payload bytes: say at the call why it is needed.
  static Buffer CopyOf(ByteSpan bytes) { return FromBytes(ToBytes(bytes)); }
  /// `view` lies in memory that lives as long as `owner`.
  static Buffer Wrap(std::shared_ptr<const void> owner, ByteSpan view) { return Buffer(std::move(owner), view); }

  ByteSpan span() const { return view_; }
  operator ByteSpan() const { return view_; }  // NOLINT(google-explicit-constructor): reads like a span
  const uint8_t* data() const { return view_.data(); }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  /// Bytes [offset, offset + size) of this buffer, which must exist.
  Buffer Slice(size_t offset, size_t size) const {
    PBFS_CHECK(offset <= view_.size() && size <= view_.size() - offset);
    return Buffer(owner_, view_.subspan(offset, size));
  }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  Buffer(std::shared_ptr<const void> owner, ByteSpan view) : owner_(std::move(owner)), view_(view) {}
  std::shared_ptr<const void> owner_;
  ByteSpan view_;
};

/// Memory for payload on its way into a Buffer: filled by one thread, then frozen. The bytes start uninitialised.
class MutableBuffer {
 public:
  explicit MutableBuffer(size_t size) : memory_(new uint8_t[size], std::default_delete<uint8_t[]>()), size_(size) {}
  MutableByteSpan span() { return {memory_.get(), size_}; }
  uint8_t* data() { return memory_.get(); }
  size_t size() const { return size_; }
  /// No writes after this.
  Buffer Freeze() && {
    const ByteSpan view(memory_.get(), size_);
    return Buffer::Wrap(std::move(memory_), view);
  }

 private:
  std::shared_ptr<uint8_t> memory_;
  size_t size_;
};

}  // namespace pbfs
