#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/context.h"
#include "libs/http/exchange.h"
#include "libs/s3/errors.h"
#include "libs/s3/signature.h"
#include "libs/s3/target.h"

namespace pbfs::gateway {

/// Who sends a request.
struct Caller {
  std::string access_key;  // empty: anonymous
  std::string user;        // whom the key belongs to
  std::string policy;      // of the key, JSON; empty: none
  bool anonymous() const { return access_key.empty(); }
};

/// One request on its way through the gateway: what it asks, who asks it, and how it is answered. One thread.
class Call {
 public:
  Call(const Context& context, HttpExchange& http, std::string request_id)
      : context_(context), http_(http), request_id_(std::move(request_id)) {}

  const Context& context() const { return context_; }
  HttpExchange& http() const { return http_; }
  const HttpRequest& request() const { return http_.request(); }
  const HttpFields& fields() const { return http_.request().fields; }
  const std::string& request_id() const { return request_id_; }
  bool is_head() const { return request().method == "HEAD"; }
  const std::string& http_method() const { return http_.request().method; }
  bool has_field(std::string_view name) const { return http_.request().fields.Has(name); }

  s3::Target target;
  Caller caller;
  s3::Payload payload;
  std::optional<s3::ChunkChain> chain;  // of a body that is signed in chunks
  HttpFields cors;                      // what every answer has besides, where a browser asks
  std::string operation = "Unknown";    // "GetObject": for logs and metrics

  const std::string& bucket() const { return target.bucket; }
  const std::string& key() const { return target.key; }
  const s3::Query& query() const { return target.query; }

  /// Begins an answer whose body follows by Write(); the fields that every answer has are added.
  Status Begin(HttpResponse response);
  Status Write(ByteSpan bytes);
  /// The whole answer.
  Status Send(int status, HttpFields fields = {}, std::string_view body = {});
  /// The same with an XML document.
  Status SendXml(std::string_view document, HttpFields fields = {}, int status = 200);
  /// Where the client finds the key of the target.
  std::string Url() const;
  bool begun() const { return status_ != 0; }
  int status() const { return status_; }              // of the answer; 0: not begun
  int64_t sent_bytes() const { return sent_bytes_; }  // of the body

 private:
  const Context& context_;
  HttpExchange& http_;
  const std::string request_id_;
  int status_ = 0;
  int64_t sent_bytes_ = 0;
};

}  // namespace pbfs::gateway
