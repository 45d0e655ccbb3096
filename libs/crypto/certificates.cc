#include "libs/crypto/certificates.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <string_view>

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "libs/base/bytes.h"
#include "libs/base/check.h"

namespace pbfs {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

/// OpenSSL's list of errors, of this thread: others, gRPC among them, look for their own errors there.
struct CleanErrors {
  ~CleanErrors() { ERR_clear_error(); }
};

Key NewKey() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  PBFS_CHECK(key != nullptr);  // only memory or a broken OpenSSL can fail it
  return key;
}

Bio Reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}
Certificate ParseCertificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr), &X509_free);
}
Key ParseKey(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
}

template <typename Write>
std::string Pem(const Write& write) {
  const Bio memory(BIO_new(BIO_s_secmem()), &BIO_free);
  PBFS_CHECK(memory != nullptr && write(memory.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}
KeyedCertificate PemOf(X509* cert, EVP_PKEY* key) {
  return {Pem([&](BIO* out) { return PEM_write_bio_X509(out, cert); }),
          Pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); })};
}

/// Adds the extension `id`, written as in openssl.cnf. Errors: INVALID_ARGUMENT, of a host name that OpenSSL refuses.
Status AddExtension(X509* cert, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return InvalidArgumentError("certificate extension refused: " + value);
  const int added = X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  PBFS_CHECK(added == 1);
  return OkStatus();
}

void SetSerial(X509* cert) {
  uint8_t serial[16];
  PBFS_CHECK(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] &= 0x7f;  // positive (RFC 5280, 4.1.2.2)
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(BN_bin2bn(serial, sizeof serial, nullptr), &BN_free);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert));
}

Result<Certificate> NewCertificate(const CertificatePlan& plan, EVP_PKEY* key) {
  if (plan.common_name.empty() || plan.common_name.size() > 64)
    return InvalidArgumentError("the name of a certificate has 1 to 64 bytes: " + plan.common_name);
  if (plan.not_before >= plan.not_after) return InvalidArgumentError("a certificate that ends before it begins");
  Certificate cert(X509_new(), &X509_free);
  PBFS_CHECK(cert != nullptr && X509_set_version(cert.get(), 2) == 1);
  SetSerial(cert.get());
  if (ASN1_TIME_set(X509_getm_notBefore(cert.get()), plan.not_before) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(cert.get()), plan.not_after) == nullptr)
    return InvalidArgumentError("a certificate cannot have these times");
  if (X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(plan.common_name.c_str()), -1, -1, 0) != 1)
    return InvalidArgumentError("a certificate cannot have this name: " + plan.common_name);
  X509_set_pubkey(cert.get(), key);
  return cert;
}

bool IsAddress(const std::string& host) {
  in6_addr bytes;
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

std::string AlternativeNames(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts)
    names += (names.empty() ? "" : ",") + std::string(IsAddress(host) ? "IP:" : "DNS:") + host;
  return names;
}

// A comma would begin another name of the list that OpenSSL is given.
Status CheckHosts(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts)
    if (host.empty() || host.find_first_of(",\n=") != std::string::npos)
      return InvalidArgumentError("this is no host's name: " + host);
  return OkStatus();
}

std::string TextOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

std::string HostOf(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) return TextOf(name->d.dNSName);
  if (name->type != GEN_IPADD) return "";
  const std::string bytes = TextOf(name->d.iPAddress);
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

std::vector<std::string> HostsOf(X509* cert) {
  std::vector<std::string> hosts;
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)), &GENERAL_NAMES_free);
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i)
    hosts.push_back(HostOf(sk_GENERAL_NAME_value(names.get(), i)));
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

std::string CommonNameOf(X509* cert) {
  X509_NAME* subject = X509_get_subject_name(cert);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  return index < 0 ? "" : TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

int64_t SecondsOf(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(timegm(&parts)) : 0;
}

}  // namespace

Result<KeyedCertificate> MakeAuthority(const CertificatePlan& plan) {
  const CleanErrors clean;
  const Key key = NewKey();
  PBFS_ASSIGN_OR_RETURN(const Certificate owned, NewCertificate(plan, key.get()));
  X509* cert = owned.get();
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_subject_key_identifier, "hash"));
  PBFS_CHECK(X509_sign(cert, key.get(), EVP_sha256()) > 0);
  return PemOf(cert, key.get());
}

Result<KeyedCertificate> MakeLeaf(const CertificatePlan& plan, const KeyedCertificate& authority) {
  const CleanErrors clean;
  const Certificate issuer = ParseCertificate(authority.certificate);
  const Key signer = ParseKey(authority.key);
  if (issuer == nullptr || signer == nullptr || X509_check_private_key(issuer.get(), signer.get()) != 1)
    return InvalidArgumentError("this is no authority's certificate and key");
  PBFS_RETURN_IF_ERROR(CheckHosts(plan.hosts));
  const Key key = NewKey();
  PBFS_ASSIGN_OR_RETURN(const Certificate owned, NewCertificate(plan, key.get()));
  X509* cert = owned.get();
  X509_set_issuer_name(cert, X509_get_subject_name(issuer.get()));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, issuer.get(), NID_authority_key_identifier, "keyid"));
  if (!plan.hosts.empty())
    PBFS_RETURN_IF_ERROR(AddExtension(cert, issuer.get(), NID_subject_alt_name, AlternativeNames(plan.hosts)));
  PBFS_CHECK(X509_sign(cert, signer.get(), EVP_sha256()) > 0);
  return PemOf(cert, key.get());
}

Result<CertificateFacts> ReadCertificate(const std::string& pem) {
  const CleanErrors clean;
  const Certificate cert = ParseCertificate(pem);
  if (cert == nullptr) return InvalidArgumentError("there is no certificate");
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  PBFS_CHECK(X509_digest(cert.get(), EVP_sha256(), digest, &size) == 1);
  return CertificateFacts{CommonNameOf(cert.get()), HostsOf(cert.get()), SecondsOf(X509_get0_notBefore(cert.get())),
                          SecondsOf(X509_get0_notAfter(cert.get())), ToHex(ByteSpan(digest, size))};
}

bool IsPairOf(const KeyedCertificate& leaf, const std::string& authority) {
  const CleanErrors clean;
  const Certificate cert = ParseCertificate(leaf.certificate), issuer = ParseCertificate(authority);
  const Key key = ParseKey(leaf.key);
  return cert != nullptr && issuer != nullptr && key != nullptr && X509_check_private_key(cert.get(), key.get()) == 1 &&
         X509_verify(cert.get(), X509_get0_pubkey(issuer.get())) == 1;
}

}  // namespace pbfs
