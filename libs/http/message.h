#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What an HTTP message says before its body. Plain values: no server, no socket.
namespace pbfs {

/// Header fields in the order of the wire; names compare without case.
class HttpFields {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpFields() = default;
  HttpFields(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first field of this name, without blanks around it; none if there is none.
  std::optional<std::string_view> Find(std::string_view name) const;
  /// The same; empty if there is none.
  std::string_view Get(std::string_view name) const { return Find(name).value_or(std::string_view{}); }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  int Count(std::string_view name) const;
  void Add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces all fields of this name by one.
  void Set(const std::string& name, std::string value);
  void Remove(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

/// ASCII only, as HTTP has it.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string LowerCase(std::string_view text);

struct HttpRequest {
  std::string method;  // as sent: GET
  std::string target;  // as sent, still percent-encoded: /bucket/key?list-type=2
  HttpFields fields;
  bool secure = false;  // came over TLS
  std::string peer;     // the other end's IP address

  /// The target up to the first '?', and what follows it.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {
    const size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
  }
};

struct HttpResponse {
  int status = 200;
  HttpFields fields;  // without Content-Length, Transfer-Encoding, Connection and Date, which the server adds
  /// Bytes of the body; none: not known yet (sent in chunks). Of an answer to HEAD: what a GET would have sent.
  std::optional<int64_t> length = 0;
};

}  // namespace pbfs
