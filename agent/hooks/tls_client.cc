// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/tls_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/hooks/endpoints.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

template <auto free>
struct Release {
  void operator()(auto* object) const { free(object); }
};
using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Release<SSL_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO_free>>;

std::unexpected<Error> Refuse(const std::string& what) {
  std::array<char, 256> why{};
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, why.data(), why.size());
  ERR_clear_error();
  return Fail(ErrorCode::kMalformed, what + (code == 0 ? "" : std::string(": ") + why.data()));
}

Memory Reading(std::string_view pem) {
  return Memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), INT_MAX))));
}

// A key with a passphrase is refused, not asked for.
int NoPassphrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*unused*/) { return -1; }

Certificate NextCertificate(const Memory& from) {
  return Certificate(PEM_read_bio_X509(from.get(), nullptr, NoPassphrase, nullptr));
}

Result<void> Trust(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const Certificate root = NextCertificate(from)) {
    if (X509_STORE_add_cert(store, root.get()) != 1) return Refuse("ca");
    ++count;
  }
  if (count == 0) return Refuse("ca holds no certificate");
  ERR_clear_error();  // That it ended.
  return {};
}

Result<void> UseCertificates(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  const Certificate own = NextCertificate(from);
  if (!own) return Refuse("cert holds no certificate");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return Refuse("cert");
  while (const Certificate between = NextCertificate(from)) {
    if (SSL_CTX_add1_chain_cert(context, between.get()) != 1) return Refuse("cert");
  }
  ERR_clear_error();
  return {};
}

Result<void> UseKey(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  const Key key(PEM_read_bio_PrivateKey(from.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return Refuse("key holds no private key without a passphrase");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Refuse("key is not the key of the certificate");
  }
  return {};
}

}  // namespace

struct TlsClient::Parts {
  Context context;
  std::string host;
};

struct TlsWire::Parts {
  Session session;

  TlsStep StepOf(int result) const {
    using enum TlsStep::State;
    if (result > 0) return {.state = kDone, .bytes = static_cast<std::size_t>(result)};
    const int why = SSL_get_error(session.get(), result);
    const bool refused = SSL_get_verify_result(session.get()) != X509_V_OK;
    // An alert of the receiver, of our certificate for one.
    const bool alert = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL;
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ) return {.state = kWaitsToRead};
    if (why == SSL_ERROR_WANT_WRITE) return {.state = kWaitsToWrite};
    if (why == SSL_ERROR_ZERO_RETURN) return {.state = kEnd};
    return {.state = refused || alert ? kUntrusted : kBroken};
  }
};

TlsClient::TlsClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsClient::~TlsClient() = default;

Result<std::shared_ptr<const TlsClient>> TlsClient::Make(const Endpoint& endpoint) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Refuse("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  auto done = Trust(context.get(), endpoint.roots);
  if (done && !endpoint.certificates.empty()) {
    done = UseCertificates(context.get(), endpoint.certificates);
    if (done) done = UseKey(context.get(), endpoint.key);
  }
  if (!done) return std::unexpected(done.error());
  return std::shared_ptr<const TlsClient>(new TlsClient(
      std::make_unique<Parts>(Parts{.context = std::move(context), .host = endpoint.host})));
}

std::unique_ptr<TlsWire> TlsClient::Begin(int socket) const {
  Session session(SSL_new(parts_->context.get()));
  if (!session || SSL_set_fd(session.get(), socket) != 1) return nullptr;
  const char* const host = parts_->host.c_str();
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(session.get());
  // An address is looked for among the addresses of a certificate, a name among its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) != 1) {
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(wanted, host, parts_->host.size()) != 1 ||
        SSL_set_tlsext_host_name(session.get(), host) != 1) {
      return nullptr;
    }
  }
  SSL_set_connect_state(session.get());
  return std::make_unique<TlsWire>(
      std::make_unique<TlsWire::Parts>(TlsWire::Parts{.session = std::move(session)}));
}

TlsWire::TlsWire(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsWire::~TlsWire() = default;

TlsStep TlsWire::Handshake() {
  ERR_clear_error();
  return parts_->StepOf(SSL_do_handshake(parts_->session.get()));
}

TlsStep TlsWire::Read(std::span<char> into) {
  ERR_clear_error();
  const int most = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  return parts_->StepOf(SSL_read(parts_->session.get(), into.data(), most));
}

TlsStep TlsWire::Write(std::string_view bytes) {
  ERR_clear_error();
  const int most = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  return parts_->StepOf(SSL_write(parts_->session.get(), bytes.data(), most));
}

std::string Signature(std::string_view secret, std::string_view body) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &length);
  std::string text;
  for (const unsigned char byte : std::span(digest).first(length)) {
    text += kHex[byte >> 4U];
    text += kHex[byte & 0xFU];
  }
  return text;
}

}  // namespace hullmark
