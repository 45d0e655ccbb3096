#include "libs/adapters/kube/dialing_probe.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <curl/curl.h>
#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/crypto/certificates.h"

namespace pbfs::kube {
namespace {

constexpr size_t kMostBytes = size_t{8} << 20;
constexpr std::string_view kMetric = "pbfs_certificate_file_hash{file=\"";
constexpr std::string_view kCertificateField = "Cert:";

using Call = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

Call NewCall(const Context& context, const std::string& url) {
  Call call(curl_easy_init(), &curl_easy_cleanup);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline() - MonotonicNow()).count();
  curl_easy_setopt(call.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(call.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(call.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(call.get(), CURLOPT_TIMEOUT_MS, std::clamp<long>(static_cast<long>(left), 1, 60'000));
  return call;
}

Status Perform(const Call& call, const std::string& address) {
  const CURLcode code = curl_easy_perform(call.get());
  return code == CURLE_OK ? OkStatus() : UnavailableError(fmt::format("{}: {}", address, curl_easy_strerror(code)));
}

size_t Take(char* bytes, size_t size, size_t count, void* into) {
  std::string& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > kMostBytes) return 0;
  text.append(bytes, size * count);
  return size * count;
}

}  // namespace

Result<uint32_t> DialingProbe::HashOfFile(const Context& context, const std::string& address, const std::string& file) {
  std::string page;
  const Call call = NewCall(context, fmt::format("http://{}/metrics", address));
  curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, &Take);
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &page);
  PBFS_RETURN_IF_ERROR(Perform(call, address));
  const std::string series = fmt::format("{}{}\"}} ", kMetric, file);
  const size_t at = page.find(series);
  if (at == std::string::npos) return NotFoundError(fmt::format("{} does not say which {} it has", address, file));
  return static_cast<uint32_t>(std::strtod(page.c_str() + at + series.size(), nullptr));
}

Result<std::string> DialingProbe::Served(const Context& context, const std::string& address) {
  const Call call = NewCall(context, fmt::format("https://{}/", address));
  curl_easy_setopt(call.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(call.get(), CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(call.get(), CURLOPT_SSL_VERIFYPEER, 0L);  // it is looked at, and told nothing
  curl_easy_setopt(call.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  PBFS_RETURN_IF_ERROR(Perform(call, address));
  curl_certinfo* shown = nullptr;
  curl_easy_getinfo(call.get(), CURLINFO_CERTINFO, &shown);
  if (shown == nullptr || shown->num_of_certs == 0) return UnavailableError(address + " shows no certificate");
  for (const curl_slist* field = shown->certinfo[0]; field != nullptr; field = field->next) {
    const std::string_view text = field->data;
    if (!text.starts_with(kCertificateField)) continue;
    PBFS_ASSIGN_OR_RETURN(const CertificateFacts facts,
                          ReadCertificate(std::string(text.substr(kCertificateField.size()))));
    return facts.fingerprint;
  }
  return UnavailableError(address + " shows no certificate");
}

}  // namespace pbfs::kube
