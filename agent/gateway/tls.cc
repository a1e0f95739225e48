// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

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

#include "agent/gateway/moved.h"
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

Result<void> UseCertificates(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  const Certificate own = NextCertificate(from);
  if (!own) return Refuse("cert_file holds no certificate");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return Refuse("cert_file");
  while (const Certificate between = NextCertificate(from)) {
    if (SSL_CTX_add1_chain_cert(context, between.get()) != 1) return Refuse("cert_file");
  }
  ERR_clear_error();  // That it ended.
  return {};
}

Result<void> UseKey(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  const Key key(PEM_read_bio_PrivateKey(from.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return Refuse("key_file holds no private key without a passphrase");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Refuse("key_file is not the key of the certificate");
  }
  return {};
}

Result<void> TrustClientsOf(SSL_CTX* context, const std::string& pem) {
  const Memory from = Reading(pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const Certificate root = NextCertificate(from)) {
    if (X509_STORE_add_cert(store, root.get()) != 1 ||
        SSL_CTX_add_client_CA(context, root.get()) != 1) {
      return Refuse("client_ca_file");
    }
    ++count;
  }
  if (count == 0) return Refuse("client_ca_file holds no certificate");
  ERR_clear_error();
  return {};
}

// Reads in a row that brought nothing: pieces of one record, or records that are not data. A client
// that needs more sends neither requests nor its end.
constexpr int kMostFruitless = 256;

int AcceptAnybody(int /*verified*/, X509_STORE_CTX* /*chain*/) { return 1; }

bool Verifies(ClientCertificate wanted) {
  return wanted == ClientCertificate::kVerified || wanted == ClientCertificate::kVerifiedIfGiven;
}

Result<void> AskClients(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.client == ClientCertificate::kNone) return {};
  const bool needed =
      settings.client == ClientCertificate::kAny || settings.client == ClientCertificate::kVerified;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     Verifies(settings.client) ? nullptr : AcceptAnybody);
  return Verifies(settings.client) ? TrustClientsOf(context, settings.client_roots)
                                   : Result<void>();
}

Result<void> ChooseProtocol(SSL_CTX* context, const TlsSettings& settings) {
  SSL_CTX_set_min_proto_version(context, settings.only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, settings.only_12 ? TLS1_2_VERSION : 0);
  // No sessions are kept or handed out: a reload is then true for every new connection.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   (settings.own_order ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // One record at a time: else a client that sends nothing but KeyUpdates keeps one read going.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  const std::string ciphers =
      settings.ciphers.empty() ? "ECDHE+AESGCM:ECDHE+CHACHA20" : settings.ciphers;
  if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) return Refuse("cipher_suites");
  if (!settings.curves.empty() && SSL_CTX_set1_curves_list(context, settings.curves.c_str()) != 1) {
    return Refuse("curve_preferences");
  }
  return {};
}

}  // namespace

struct TlsContext::Parts {
  Context context;
  bool verifies = false;
};

struct TlsSession::Parts {
  Session session;
  bool verifies = false;
  bool waits_to_write = false, broken = false;
  int fruitless = 0;  // Reads in a row since the handshake.

  Moved MovedOf(int result) {
    waits_to_write = false;
    if (result > 0) return {.bytes = static_cast<std::size_t>(result)};
    const int why = SSL_get_error(session.get(), result);
    ERR_clear_error();
    waits_to_write = why == SSL_ERROR_WANT_WRITE;
    broken = why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ;
    return {.gone = broken};
  }

  Moved Counted(Moved received) {
    const bool counts = received.bytes == 0 && SSL_is_init_finished(session.get()) == 1;
    fruitless = counts ? fruitless + 1 : 0;
    broken = broken || fruitless > kMostFruitless;
    return {.bytes = received.bytes, .gone = broken};
  }
};

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsSettings& settings) {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Refuse("TLS");
  auto done = ChooseProtocol(context.get(), settings);
  if (done) done = UseCertificates(context.get(), settings.certificates);
  if (done) done = UseKey(context.get(), settings.key);
  if (done) done = AskClients(context.get(), settings);
  if (!done) return std::unexpected(done.error());
  auto parts = std::make_unique<Parts>(
      Parts{.context = std::move(context), .verifies = Verifies(settings.client)});
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(parts)));
}

std::unique_ptr<TlsSession> TlsContext::Begin(int socket) const {
  Session session(SSL_new(parts_->context.get()));
  if (!session || SSL_set_fd(session.get(), socket) != 1) return nullptr;
  SSL_set_accept_state(session.get());
  return std::make_unique<TlsSession>(std::make_unique<TlsSession::Parts>(
      TlsSession::Parts{.session = std::move(session), .verifies = parts_->verifies}));
}

TlsSession::TlsSession(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsSession::~TlsSession() = default;

Moved TlsSession::Receive(std::span<char> into) {
  if (into.empty()) return {};
  ERR_clear_error();
  const int most = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  return parts_->Counted(parts_->MovedOf(SSL_read(parts_->session.get(), into.data(), most)));
}

Moved TlsSession::Send(std::string_view bytes) {
  if (bytes.empty()) return {};
  ERR_clear_error();
  return parts_->MovedOf(SSL_write(parts_->session.get(), bytes.data(),
                                   static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX))));
}

bool TlsSession::WaitsToWrite() const { return parts_->waits_to_write; }
bool TlsSession::HasMore() const { return SSL_pending(parts_->session.get()) > 0; }
bool TlsSession::IsOpen() const { return SSL_is_init_finished(parts_->session.get()) == 1; }

bool TlsSession::IsVerified() const {
  return parts_->verifies && SSL_get0_peer_certificate(parts_->session.get()) != nullptr &&
         SSL_get_verify_result(parts_->session.get()) == X509_V_OK;
}

// After an error nothing may be said any more, see SSL_shutdown(3).
void TlsSession::EndSending() {
  if (!parts_->broken && IsOpen()) SSL_shutdown(parts_->session.get());
  ERR_clear_error();
}

}  // namespace hullmark
