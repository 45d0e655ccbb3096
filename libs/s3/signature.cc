#include "libs/s3/signature.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "libs/s3/dates.h"
#include "libs/s3/errors.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kContentSha256 = "x-amz-content-sha256";
constexpr std::string_view kEmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kMaxSkewMs = 15 * 60 * 1000;
constexpr int64_t kMaxExpiresS = 7 * 24 * 3600;

SigningKey Hmac(ByteSpan key, std::string_view text) {
  SigningKey mac;
  const ByteSpan bytes = AsBytes(text);
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), mac.data(), &size);
  PBFS_CHECK(done != nullptr && size == mac.size());
  return mac;
}

SigningKey DeriveKey(std::string_view secret, const Credential& credential) {
  const SigningKey date = Hmac(AsBytes("AWS4" + std::string(secret)), credential.date);
  return Hmac(Hmac(Hmac(date, credential.region), credential.service), "aws4_request");
}

// ---- the canonical request ----

std::string CanonicalQuery(const Query& query) {
  std::vector<Query::Parameter> encoded;
  for (const auto& [name, value] : query) {
    if (name != "X-Amz-Signature") encoded.emplace_back(UriEncode(name, true), UriEncode(value, true));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

void AppendCollapsed(std::string_view value, std::string& out) {
  bool blank = false;
  for (const char c : Trim(value)) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) out.push_back(c);
    if (is_blank && !blank) out.push_back(' ');
    blank = is_blank;
  }
}

std::string CanonicalHeader(const HttpFields& fields, const std::string& name) {
  std::string text = name + ":";
  bool first = true;
  for (const auto& [field, value] : fields) {
    if (!EqualsIgnoreCase(field, name)) continue;
    if (!first) text += ',';
    first = false;
    AppendCollapsed(value, text);
  }
  return text + "\n";
}

std::string CanonicalRequest(const HttpRequest& request, const Query& query, const std::vector<std::string>& headers,
                             std::string_view payload) {
  // Decoded and encoded again, so that it does not matter what the client thought safe to leave bare.
  const std::string path = UriEncode(PercentDecode(request.path(), false).value_or(""), false);
  std::string text = fmt::format("{}\n{}\n{}\n", request.method, path.empty() ? "/" : path, CanonicalQuery(query));
  for (const std::string& name : headers) text += CanonicalHeader(request.fields, name);
  return text + fmt::format("\n{}\n{}", fmt::join(headers, ";"), payload);
}

std::string StringToSign(std::string_view amz_date, std::string_view scope, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date, scope, Sha256Hex(AsBytes(canonical)));
}

// ---- reading ----

bool IsSignature(std::string_view text) { return text.size() == 64 && FromHex(text).ok(); }

/// What both forms share. `malformed` is the code of the form.
Result<Authorization> MakeAuthorization(Code malformed, std::string_view credential, std::string_view headers,
                                        std::string_view signature) {
  auto parsed = ParseCredential(credential);
  if (!parsed) return Error(malformed, "The credential must be access-key/date/region/s3/aws4_request");
  if (headers.empty()) return Error(malformed, "SignedHeaders is missing or empty");
  if (!IsSignature(signature)) return Error(malformed, "The signature must be 64 hexadecimal digits");
  Authorization authorization{*std::move(parsed), {}, LowerCase(signature)};
  for (const std::string_view name : Split(headers, ';')) authorization.signed_headers.push_back(LowerCase(name));
  return authorization;
}

Result<Authorization> ParseHeader(std::string_view header) {
  const size_t blank = header.find(' ');
  const std::string_view algorithm = header.substr(0, blank);
  if (algorithm == "AWS" || algorithm.starts_with("AWS4-ECDSA")) {
    return Error(Code::kInvalidRequest,
                 "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  if (algorithm != kAlgorithm) return Error(Code::kInvalidArgument, "Unsupported Authorization Type");
  std::string_view credential;
  std::string_view headers;
  std::string_view signature;
  const std::string_view rest = blank == std::string_view::npos ? std::string_view{} : header.substr(blank + 1);
  for (const std::string_view piece : Split(rest, ',')) {
    const std::string_view pair = Trim(piece);
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view{};
    const std::string_view name = pair.substr(0, equals);
    std::string_view* const into = name == "Credential"      ? &credential
                                   : name == "SignedHeaders" ? &headers
                                   : name == "Signature"     ? &signature
                                                             : nullptr;
    if (into == nullptr || !into->empty()) return Error(Code::kAuthorizationHeaderMalformed);
    *into = value;
  }
  return MakeAuthorization(Code::kAuthorizationHeaderMalformed, credential, headers, signature);
}

Result<Authorization> ParsePresigned(const Query& query) {
  constexpr Code kMalformed = Code::kAuthorizationQueryParametersError;
  for (const char* once : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
                           "X-Amz-Signature"}) {
    const auto is_it = [&](const Query::Parameter& parameter) { return parameter.first == once; };
    if (std::count_if(query.begin(), query.end(), is_it) > 1)
      return Error(kMalformed, std::string(once) + " stands there more than once");
  }
  if (query.Get("X-Amz-Algorithm").starts_with("AWS4-ECDSA")) {
    return Error(Code::kInvalidRequest, "AWS4-ECDSA is not supported. Please use AWS4-HMAC-SHA256.");
  }
  if (query.Get("X-Amz-Algorithm") != kAlgorithm) return Error(kMalformed, "X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  const auto expires = ParseNumber(query.Get("X-Amz-Expires"));
  if (!expires || *expires < 1 || *expires > kMaxExpiresS) {
    return Error(kMalformed, "X-Amz-Expires must be a number of seconds from 1 to 604800");
  }
  PBFS_ASSIGN_OR_RETURN(Authorization authorization,
                        MakeAuthorization(kMalformed, query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"),
                                          query.Get("X-Amz-Signature")));
  authorization.presigned = true;
  authorization.expires_s = *expires;
  return authorization;
}

// ---- verifying ----

Code MalformedCode(const Authorization& authorization) {
  return authorization.presigned ? Code::kAuthorizationQueryParametersError : Code::kAuthorizationHeaderMalformed;
}

Result<int64_t> SigningTime(const HttpRequest& request, const Query& query, const Authorization& authorization) {
  std::optional<int64_t> time;
  if (authorization.presigned) {
    time = ParseAmzDate(query.Get("X-Amz-Date"));
    if (!time) return Error(Code::kAuthorizationQueryParametersError, "X-Amz-Date must be like 20260102T030405Z");
  } else {
    const auto amz_date = request.fields.Find("x-amz-date");
    const std::string_view text = amz_date ? *amz_date : request.fields.Get("date");
    time = ParseAmzDate(text);
    if (!time) time = ParseHttpDate(text);
    if (!time) return Error(Code::kAccessDenied, "AWS authentication requires a valid Date or x-amz-date header");
  }
  return *time;
}

Status CheckScope(const Authorization& authorization, std::string_view region, std::string_view amz_date) {
  const Credential& credential = authorization.credential;
  const Code malformed = MalformedCode(authorization);
  if (credential.service != "s3") return Error(malformed, "The service of the credential must be s3");
  if (credential.region != region) {
    return Error(malformed, fmt::format("The region '{}' is wrong; expecting '{}'", credential.region, region))
        .WithDetail("Region", std::string(region));
  }
  if (!amz_date.starts_with(credential.date)) {
    return Error(malformed, "The date of the credential is not that of the request");
  }
  return OkStatus();
}

Status CheckTime(const Authorization& authorization, int64_t signed_ms, int64_t now_ms) {
  if (!authorization.presigned) {
    if (std::abs(now_ms - signed_ms) <= kMaxSkewMs) return OkStatus();
    return Error(Code::kRequestTimeTooSkewed)
        .WithDetail("RequestTime", AmzDate(signed_ms))
        .WithDetail("ServerTime", IsoDate(now_ms))
        .WithDetail("MaxAllowedSkewMilliseconds", std::to_string(kMaxSkewMs));
  }
  if (signed_ms > now_ms + kMaxSkewMs) return Error(Code::kAccessDenied, "Request is not valid yet");
  const int64_t end_ms = signed_ms + authorization.expires_s * 1000;
  if (now_ms <= end_ms) return OkStatus();
  return Error(Code::kAccessDenied, "Request has expired")
      .WithDetail("X-Amz-Expires", std::to_string(authorization.expires_s))
      .WithDetail("Expires", IsoDate(end_ms))
      .WithDetail("ServerTime", IsoDate(now_ms));
}

/// Whoever carries the request could otherwise add headers that change what it does.
Status CheckSigned(const HttpFields& fields, const std::vector<std::string>& signed_headers) {
  const auto is_signed = [&](const std::string& name) {
    return std::find(signed_headers.begin(), signed_headers.end(), name) != signed_headers.end();
  };
  std::string missing;
  if (!is_signed("host")) missing = "host";
  for (const auto& field : fields) {
    const std::string name = LowerCase(field.first);
    if (name.starts_with("x-amz-") && !is_signed(name)) missing += (missing.empty() ? "" : ", ") + name;
  }
  if (missing.empty()) return OkStatus();
  return Error(Code::kAccessDenied, "There were headers present in the request which were not signed")
      .WithDetail("HeadersNotSigned", missing);
}

Result<Payload> ParsePayload(std::string_view value) {
  if (value == kUnsigned) return Payload{PayloadKind::kUnsigned, {}};
  if (value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return Payload{PayloadKind::kSigned, {}};
  if (value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") return Payload{PayloadKind::kSignedTrailer, {}};
  if (value == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return Payload{PayloadKind::kUnsignedTrailer, {}};
  if (IsSignature(value)) return Payload{PayloadKind::kDigest, LowerCase(value)};
  return Error(Code::kInvalidArgument,
               "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER], "
               "STREAMING-UNSIGNED-PAYLOAD-TRAILER, or a valid sha256 value");
}

/// The value that was signed in place of the payload's hash.
Result<std::string_view> SignedPayload(const HttpRequest& request, const Query& query, bool presigned) {
  if (const auto header = request.fields.Find(kContentSha256)) return *header;
  if (!presigned) {
    return Error(Code::kInvalidRequest, "Missing required header for this request: x-amz-content-sha256");
  }
  return query.Find("X-Amz-Content-Sha256").value_or(kUnsigned);
}

Status Mismatch(const std::string& string_to_sign, const std::string& canonical) {
  return Error(Code::kSignatureDoesNotMatch)
      .WithDetail("StringToSign", string_to_sign)
      .WithDetail("CanonicalRequest", canonical);
}

// ---- signing ----

std::vector<std::string> FieldNames(const HttpFields& fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(LowerCase(field.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Query QueryOf(const HttpRequest& request) {
  Result<Query> query = ParseQuery(request.query());
  PBFS_CHECK(query.ok(), "a request that we sign ourselves has a well-formed query");
  return *std::move(query);
}

}  // namespace

std::string Credential::Scope() const { return fmt::format("{}/{}/{}/aws4_request", date, region, service); }

std::optional<Credential> ParseCredential(std::string_view text) {
  const auto pieces = Split(text, '/');
  const size_t count = pieces.size();
  if (count < 5 || pieces[count - 1] != "aws4_request") return std::nullopt;
  const std::string_view date = pieces[count - 4];
  const std::string_view access_key = text.substr(0, static_cast<size_t>(date.data() - text.data()) - 1);
  if (access_key.empty() || date.size() != 8) return std::nullopt;
  return Credential{std::string(access_key), std::string(date), std::string(pieces[count - 3]),
                    std::string(pieces[count - 2])};
}

Result<std::optional<Authorization>> ReadAuthorization(const HttpRequest& request, const Query& query) {
  const int headers = request.fields.Count("authorization");
  const bool presigned = query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Credential") || query.Has("X-Amz-Signature");
  if (query.Has("AWSAccessKeyId") && query.Has("Signature")) {
    return Error(Code::kInvalidRequest,
                 "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  if (headers + (presigned ? 1 : 0) > 1) return Error(Code::kInvalidArgument, "Only one auth mechanism allowed");
  if (headers == 0 && !presigned) return std::optional<Authorization>();
  PBFS_ASSIGN_OR_RETURN(Authorization authorization,
                        presigned ? ParsePresigned(query) : ParseHeader(request.fields.Get("authorization")));
  return std::optional<Authorization>(std::move(authorization));
}

Result<Payload> ReadPayload(const HttpFields& fields) {
  PBFS_ASSIGN_OR_RETURN(Payload payload, ParsePayload(fields.Find(kContentSha256).value_or(kUnsigned)));
  if (payload.IsSignedInChunks()) {
    return Error(Code::kAccessDenied, "A body with signed chunks needs a signed request");
  }
  return payload;
}

const std::string& ChunkChain::SignChunk(std::string_view sha256) {
  signature_ = ToHex(Hmac(key_, fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", amz_date_, scope_,
                                            signature_, kEmptySha256, sha256)));
  return signature_;
}

const std::string& ChunkChain::SignTrailers(std::string_view trailers) {
  signature_ = ToHex(Hmac(key_, fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", amz_date_, scope_, signature_,
                                            Sha256Hex(AsBytes(trailers)))));
  return signature_;
}

Result<Verified> VerifySignature(const HttpRequest& request, const Query& query, const Authorization& authorization,
                                 std::string_view secret, std::string_view region, int64_t now_ms) {
  PBFS_ASSIGN_OR_RETURN(const int64_t signed_ms, SigningTime(request, query, authorization));
  const std::string amz_date = AmzDate(signed_ms);
  PBFS_RETURN_IF_ERROR(CheckScope(authorization, region, amz_date));
  PBFS_RETURN_IF_ERROR(CheckTime(authorization, signed_ms, now_ms));
  PBFS_RETURN_IF_ERROR(CheckSigned(request.fields, authorization.signed_headers));
  PBFS_ASSIGN_OR_RETURN(const std::string_view hash, SignedPayload(request, query, authorization.presigned));
  PBFS_ASSIGN_OR_RETURN(Payload payload, ParsePayload(hash));

  const SigningKey key = DeriveKey(secret, authorization.credential);
  const std::string scope = authorization.credential.Scope();
  const std::string canonical = CanonicalRequest(request, query, authorization.signed_headers, hash);
  const std::string string_to_sign = StringToSign(amz_date, scope, canonical);
  if (!SameSignature(ToHex(Hmac(key, string_to_sign)), authorization.signature)) {
    return Mismatch(string_to_sign, canonical);
  }
  return Verified{authorization.credential.access_key, std::move(payload),
                  ChunkChain(key, amz_date, scope, authorization.signature)};
}

std::string SignString(std::string_view secret, const Credential& credential, std::string_view string_to_sign) {
  return ToHex(Hmac(DeriveKey(secret, credential), string_to_sign));
}

bool SameSignature(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

ChunkChain SignRequest(const Signer& signer, int64_t now_ms, std::string_view payload, HttpRequest& request) {
  const std::string amz_date = AmzDate(now_ms);
  request.fields.Set("x-amz-date", amz_date);
  request.fields.Set(std::string(kContentSha256), std::string(payload));
  request.fields.Remove("authorization");
  const Credential credential{signer.access_key, amz_date.substr(0, 8), signer.region, "s3"};
  const std::vector<std::string> names = FieldNames(request.fields);
  const SigningKey key = DeriveKey(signer.secret, credential);
  const std::string canonical = CanonicalRequest(request, QueryOf(request), names, payload);
  const std::string signature = ToHex(Hmac(key, StringToSign(amz_date, credential.Scope(), canonical)));
  request.fields.Set("Authorization",
                     fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, signer.access_key,
                                 credential.Scope(), fmt::join(names, ";"), signature));
  return ChunkChain(key, amz_date, credential.Scope(), signature);
}

void PresignRequest(const Signer& signer, int64_t now_ms, int64_t expires_s, HttpRequest& request) {
  const std::string amz_date = AmzDate(now_ms);
  const Credential credential{signer.access_key, amz_date.substr(0, 8), signer.region, "s3"};
  const std::vector<std::string> names = FieldNames(request.fields);
  request.target +=
      fmt::format("{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
                  request.target.find('?') == std::string::npos ? '?' : '&', kAlgorithm,
                  UriEncode(signer.access_key + "/" + credential.Scope(), true), amz_date, expires_s,
                  UriEncode(fmt::format("{}", fmt::join(names, ";")), true));
  const std::string canonical =
      CanonicalRequest(request, QueryOf(request), names, request.fields.Find(kContentSha256).value_or(kUnsigned));
  const std::string to_sign = StringToSign(amz_date, credential.Scope(), canonical);
  request.target += "&X-Amz-Signature=" + SignString(signer.secret, credential, to_sign);
}

std::string Sha256Hex(ByteSpan bytes) {
  std::array<uint8_t, 32> digest;
  PBFS_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return ToHex(digest);
}

}  // namespace pbfs::s3
