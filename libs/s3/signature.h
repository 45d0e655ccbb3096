#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/http/message.h"
#include "libs/s3/target.h"

/// AWS Signature Version 4 for service `s3`: reading and verifying it, and making it. Times are unix milliseconds.
namespace pbfs::s3 {

/// What the secret is turned into for a day, a region and a service. Itself a secret.
using SigningKey = std::array<uint8_t, 32>;

struct Credential {
  std::string access_key;
  std::string date;  // 20260102
  std::string region;
  std::string service;
  /// "20260102/eu-west-1/s3/aws4_request".
  std::string Scope() const;
};

/// "access-key/20260102/region/s3/aws4_request"; an access key may have slashes. None if malformed.
std::optional<Credential> ParseCredential(std::string_view text);

/// What a request says about who signed it; nothing of it is verified yet.
struct Authorization {
  Credential credential;
  std::vector<std::string> signed_headers;  // lower case, in the order of the request
  std::string signature;                    // 64 hexadecimal digits
  bool presigned = false;                   // in the query instead of a header
  int64_t expires_s = 0;                    // of a presigned one, 1-604800
};

/// None: an anonymous request.
/// Errors: AuthorizationHeaderMalformed, AuthorizationQueryParametersError; InvalidRequest for SigV2 and SigV4A;
/// InvalidArgument for more than one Authorization, or a header and a query.
Result<std::optional<Authorization>> ReadAuthorization(const HttpRequest& request, const Query& query);

/// What `x-amz-content-sha256` says of the body.
enum class PayloadKind {
  kDigest,           // the body has the SHA-256 `Payload::sha256`
  kUnsigned,         // the body as it is
  kSigned,           // aws-chunked, each chunk signed
  kSignedTrailer,    // aws-chunked, each chunk and the trailers signed
  kUnsignedTrailer,  // aws-chunked, nothing signed, with trailers
};
struct Payload {
  PayloadKind kind = PayloadKind::kUnsigned;
  std::string sha256;  // of kDigest: 64 lower-case hexadecimal digits
  bool IsChunked() const { return kind >= PayloadKind::kSigned; }
  bool IsSignedInChunks() const { return kind == PayloadKind::kSigned || kind == PayloadKind::kSignedTrailer; }
};
/// Of an anonymous request; kUnsigned if the header is missing. VerifySignature gives the payload of a signed one.
/// Errors: InvalidArgument for an unknown value; AccessDenied for chunks that nobody can have signed.
Result<Payload> ReadPayload(const HttpFields& fields);

/// The chain of signatures of an aws-chunked body, each over the one before. Starts with the request's.
class ChunkChain {
 public:
  ChunkChain(const SigningKey& key, std::string amz_date, std::string scope, std::string seed_signature)
      : key_(key), amz_date_(std::move(amz_date)), scope_(std::move(scope)), signature_(std::move(seed_signature)) {}

  /// The signature of the next chunk, whose plain bytes have this SHA-256 (hexadecimal); the chain moves on to it.
  const std::string& SignChunk(std::string_view sha256);
  /// The signature of the trailers, `name:value\n` each, names in lower case, in the order of the wire.
  const std::string& SignTrailers(std::string_view trailers);
  /// The last signature.
  const std::string& signature() const { return signature_; }

 private:
  SigningKey key_;
  std::string amz_date_;
  std::string scope_;
  std::string signature_;
};

struct Verified {
  std::string access_key;
  Payload payload;
  ChunkChain chain;
};

/// Verifies `authorization` (of ReadAuthorization on the same request) with the secret of its access key, for the `region`
/// that this server is.
/// Errors: AuthorizationHeaderMalformed or AuthorizationQueryParametersError (another region: with detail Region);
/// AccessDenied for a missing date, an expired presigned URL, or an x-amz-* header (or host) that is not signed;
/// RequestTimeTooSkewed; InvalidRequest without x-amz-content-sha256; InvalidArgument for an unknown value of it;
/// SignatureDoesNotMatch with details StringToSign and CanonicalRequest.
Result<Verified> VerifySignature(const HttpRequest& request, const Query& query, const Authorization& authorization,
                                 std::string_view secret, std::string_view region, int64_t now_ms);

/// The signature (64 hexadecimal digits) of `string_to_sign`: also for POST policies, whose base64 is what is signed.
std::string SignString(std::string_view secret, const Credential& credential, std::string_view string_to_sign);
/// Compares in constant time.
bool SameSignature(std::string_view a, std::string_view b);

/// Who signs, for tests and for clients of a gateway.
struct Signer {
  std::string access_key;
  std::string secret;
  std::string region;
};
/// Adds x-amz-date, x-amz-content-sha256 (`payload`: a digest or one of the words, "UNSIGNED-PAYLOAD") and Authorization,
/// which signs every field of the request (Host among them). The chain is for the chunks of a streamed body.
ChunkChain SignRequest(const Signer& signer, int64_t now_ms, std::string_view payload, HttpRequest& request);
/// Appends a signature to the query of the target; whoever sends it must send the fields that the request has now.
void PresignRequest(const Signer& signer, int64_t now_ms, int64_t expires_s, HttpRequest& request);

/// Lower-case hexadecimal SHA-256.
std::string Sha256Hex(ByteSpan bytes);

}  // namespace pbfs::s3
