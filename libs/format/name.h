#pragma once

#include <string>
#include <string_view>

#include "libs/base/result.h"

namespace pbfs {

/// Whether `text` may be the name of an object: 1 to 1024 bytes of UTF-8 without NUL; `..`, `//` and a slash at either end
/// are ordinary characters. Errors: INVALID_ARGUMENT saying what is wrong.
Status CheckName(std::string_view text);

/// How names stand in op records and in the catalog. Version 1 knows plain text only; a codec that encrypts them can take its
/// place, component by component, without a change of format. Threads: any.
class NameCodec {
 public:
  virtual ~NameCodec() = default;
  /// `parent`: the encoded path in front of the component.
  virtual Result<std::string> Encode(std::string_view parent, std::string_view component) const = 0;
  virtual Result<std::string> Decode(std::string_view encoded) const = 0;
};

class PlainNameCodec final : public NameCodec {
 public:
  Result<std::string> Encode(std::string_view parent, std::string_view component) const override;
  Result<std::string> Decode(std::string_view encoded) const override;
};

}  // namespace pbfs
