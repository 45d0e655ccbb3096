#include "libs/adapters/kube/https_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <curl/curl.h>
#include <strings.h>

namespace pbfs::kube {
namespace {

constexpr size_t kMaxIdle = 4;
constexpr int64_t kMaxHeaders = 64 << 10;
constexpr int kPollMs = 100;  // how late a cancellation is seen

/// Once for the process; libcurl wants it before any other call.
void InitCurl() {
  static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
  PBFS_CHECK(kDone == CURLE_OK);
}

int64_t RetryAfterMs(std::string_view header) {
  constexpr std::string_view kName = "retry-after:";
  if (header.size() < kName.size() || strncasecmp(header.data(), kName.data(), kName.size()) != 0) return -1;
  header.remove_prefix(kName.size());
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  uint32_t seconds = 0;
  const auto read = std::from_chars(header.data(), header.data() + header.size(), seconds);
  return read.ec == std::errc() ? int64_t{std::min<uint32_t>(seconds, 3600)} * 1000 : -1;
}

}  // namespace

/// One request at a time on a connection of its own. libcurl calls back on the thread that performs.
struct HttpsClient::Transfer {
  explicit Transfer(const Options& options) : max_body(options.max_body_bytes) {
    InitCurl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    PBFS_CHECK(multi != nullptr && easy != nullptr);
    Set(CURLOPT_PRIVATE, this);
    SetTrust(options);
    SetTransport(options);
  }
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <typename T>
  void Set(CURLoption option, T value) {
    PBFS_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK, std::to_string(option));
  }

  void SetTrust(const Options& options) {
    Set(CURLOPT_PROTOCOLS_STR, "https");
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    Set(CURLOPT_CAINFO, options.ca_file.c_str());
    Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // else Debian's own authorities count as well
    Set(CURLOPT_CA_CACHE_TIMEOUT, 60L);
    Set(CURLOPT_MAXLIFETIME_CONN, 300L);  // or a rotated CA would be asked about at the next failure only
    Set(CURLOPT_PROXY, "");
  }
  void SetTransport(const Options& options) {
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(options.connect).count()));
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_QUICK_EXIT, 1L);  // a name service that hangs does not outlast the deadline
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_USERAGENT, "pbfs");
    Set(CURLOPT_ERRORBUFFER, error);
    Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
    Set(CURLOPT_HEADERDATA, this);
  }

  void Prepare(const std::string& server, const Request& request, const OnBytes* sink) {
    reply = {};
    on_bytes = sink;
    header_bytes = 0;
    too_large = ended_by_us = false;
    error[0] = '\0';
    url = server + request.path;
    body = request.body;
    curl_slist_free_all(headers);
    headers = curl_slist_append(nullptr, "Accept: application/json");
    headers = curl_slist_append(headers, "Expect:");
    if (!request.token.empty())
      headers = curl_slist_append(headers, ("Authorization: Bearer " + request.token).c_str());
    if (!body.empty()) headers = curl_slist_append(headers, ("Content-Type: " + request.content_type).c_str());
    Set(CURLOPT_URL, url.c_str());
    Set(CURLOPT_HTTPHEADER, headers);
    if (body.empty()) {
      Set(CURLOPT_HTTPGET, 1L);
    } else {
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
      Set(CURLOPT_POSTFIELDS, body.c_str());
    }
    Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  /// Runs what was prepared to its end. Errors: as Call().
  Status Perform(const Context& context) {
    PBFS_CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK);
    const Status status = Drive(context);
    curl_multi_remove_handle(multi, easy);  // one that is not at its end loses its connection
    return status;
  }
  Status Drive(const Context& context) {
    for (;;) {
      int running = 0;
      const CURLMcode performed = curl_multi_perform(multi, &running);
      if (performed != CURLM_OK) return UnavailableError(curl_multi_strerror(performed));
      if (running == 0) return Outcome();
      PBFS_RETURN_IF_ERROR(context.Check());
      curl_multi_poll(multi, nullptr, 0, PollMs(context), nullptr);
    }
  }
  static int PollMs(const Context& context) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Duration>(context.deadline() - MonotonicNow(), std::chrono::milliseconds(kPollMs)));
    return static_cast<int>(std::max<int64_t>(left.count(), 1));
  }
  Status Outcome() {
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    const CURLcode code = message != nullptr ? message->data.result : CURLE_GOT_NOTHING;
    reply.status = ResponseCode();
    if (too_large) return UnavailableError("an answer that is too large");
    if (code == CURLE_OK || ended_by_us) return OkStatus();
    return UnavailableError(error[0] != '\0' ? error : curl_easy_strerror(code));
  }
  int ResponseCode() const {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->TakeBody({data, size}) ? size : 0;
  }
  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->TakeHeader({data, size}) ? size : 0;
  }
  bool TakeBody(std::string_view bytes) {
    if (on_bytes != nullptr && ResponseCode() == 200) {
      ended_by_us = !(*on_bytes)(bytes);
      return !ended_by_us;
    }
    too_large = static_cast<int64_t>(reply.body.size() + bytes.size()) > max_body;
    if (!too_large) reply.body += bytes;
    return !too_large;
  }
  bool TakeHeader(std::string_view line) {
    header_bytes += static_cast<int64_t>(line.size());
    too_large = header_bytes > kMaxHeaders;
    if (const int64_t wait = RetryAfterMs(line); wait >= 0) reply.retry_after_ms = wait;
    return !too_large;
  }

  const int64_t max_body;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = {};
  std::string url, body;  // libcurl points at them
  Reply reply;
  const OnBytes* on_bytes = nullptr;
  int64_t header_bytes = 0;
  bool too_large = false;
  bool ended_by_us = false;
};

HttpsClient::HttpsClient(Options options) : options_(std::move(options)) {}
HttpsClient::~HttpsClient() = default;

std::unique_ptr<HttpsClient::Transfer> HttpsClient::Take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto transfer = std::move(idle_.back());
      idle_.pop_back();
      return transfer;
    }
  }
  return std::make_unique<Transfer>(options_);
}

void HttpsClient::PutBack(std::unique_ptr<Transfer> transfer) {
  MutexLock lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(transfer));
}

Result<HttpsClient::Reply> HttpsClient::Call(const Context& context, const Request& request, const OnBytes& on_bytes) {
  PBFS_RETURN_IF_ERROR(context.Check());
  auto transfer = Take();
  transfer->Prepare(options_.server, request, on_bytes ? &on_bytes : nullptr);
  const Status status = transfer->Perform(context);
  Reply reply = std::move(transfer->reply);
  PutBack(std::move(transfer));
  if (!status.ok()) return status;
  return reply;
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace pbfs::kube
