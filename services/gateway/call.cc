#include "services/gateway/call.h"

namespace pbfs::gateway {

Status Call::Begin(HttpResponse response) {
  response.fields.Set("x-amz-request-id", request_id_);
  response.fields.Set("x-amz-id-2", request_id_);
  response.fields.Set("Server", "PBFS");
  for (const auto& [name, value] : cors) response.fields.Add(name, value);
  status_ = response.status;
  return http_.Begin(context_, response);
}

std::string Call::Url() const {
  const std::string path = (target.in_host ? "/" : "/" + bucket() + "/") + s3::UriEncode(key(), false);
  return (request().secure ? "https://" : "http://") + std::string(fields().Get("Host")) + path;
}

Status Call::Write(ByteSpan bytes) {
  PBFS_RETURN_IF_ERROR(http_.Write(context_, bytes));
  sent_bytes_ += static_cast<int64_t>(bytes.size());
  return OkStatus();
}

Status Call::Send(int status, HttpFields fields, std::string_view body) {
  PBFS_RETURN_IF_ERROR(Begin({status, std::move(fields), static_cast<int64_t>(body.size())}));
  const bool has_body = !is_head() && status != 204 && status != 304 && !body.empty();
  return has_body ? Write(AsBytes(body)) : OkStatus();
}

Status Call::SendXml(std::string_view document, HttpFields fields, int status) {
  fields.Set("Content-Type", "application/xml");
  return Send(status, std::move(fields), document);
}

}  // namespace pbfs::gateway
