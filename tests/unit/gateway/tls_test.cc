// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/tls.h"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "agent/base/file.h"
#include "agent/gateway/moved.h"

namespace hullmark {
namespace {

template <auto free>
struct Release {
  void operator()(auto* object) const { free(object); }
};
using Memory = std::unique_ptr<BIO, Release<BIO_free>>;

std::string TextOf(const Memory& memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// A certificate that signs itself.
TlsSettings SelfSigned() {
  const std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Release<X509_free>> certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3'600);
  X509_set_pubkey(certificate.get(), key.get());
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const Memory certificate_text(BIO_new(BIO_s_mem()));
  const Memory key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.certificates = TextOf(certificate_text), .key = TextOf(key_text)};
}

// Both ends of a connection, after the handshake.
class Tls : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_socket_ = Fd(ends[0]);
    server_socket_ = Fd(ends[1]);
    server_ = TlsContext::Make(SelfSigned()).value()->Begin(server_socket_.get());
    context_.reset(SSL_CTX_new(TLS_client_method()));
    client_.reset(SSL_new(context_.get()));
    ASSERT_EQ(SSL_set_fd(client_.get(), client_socket_.get()), 1);
    while (SSL_connect(client_.get()) != 1) ASSERT_FALSE(server_->Receive(piece_).gone);
    ASSERT_EQ(server_->Receive(piece_).bytes, 0);
    ASSERT_TRUE(server_->IsOpen());
  }

  void SendKeyUpdates(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    }
  }

  Fd client_socket_, server_socket_;
  std::unique_ptr<TlsSession> server_;
  std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Release<SSL_free>> client_;
  std::array<char, 64> piece_{};
};

TEST_F(Tls, OneReadTakesOneRecord) {
  SendKeyUpdates(3);
  ASSERT_EQ(SSL_write(client_.get(), "x", 1), 1);
  for (const unsigned bytes : {0U, 0U, 0U, 1U}) EXPECT_EQ(server_->Receive(piece_).bytes, bytes);
}

TEST_F(Tls, RecordsThatBringNothingHaveAnEnd) {
  int reads = 0;
  Moved got;
  while (!got.gone && reads < 1'000) {
    SendKeyUpdates(1);
    got = server_->Receive(piece_);
    ++reads;
  }
  EXPECT_GT(reads, 100);
  EXPECT_LT(reads, 1'000);
}

TEST_F(Tls, RekeyingBetweenRequestsIsFine) {
  for (int i = 0; i < 1'000; ++i) {
    SendKeyUpdates(1);
    ASSERT_EQ(SSL_write(client_.get(), "x", 1), 1);
    EXPECT_EQ(server_->Receive(piece_).bytes, 0);
    ASSERT_EQ(server_->Receive(piece_).bytes, 1) << i;
  }
}

}  // namespace
}  // namespace hullmark
