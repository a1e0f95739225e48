// SPDX-License-Identifier: Apache-2.0
#include "agent/config/web_config.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hullmark {
namespace {

const std::string kTls = "tls_server_config:\n  cert_file: a.crt\n  key_file: /k/a.key\n";
const std::string kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

TEST(WebConfig, Everything) {
  const auto config = LoadWebConfig(
      kTls +
          "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
          "  min_version: TLS13\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n"
          "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
          "  curve_preferences: [X25519, CurveP256]\n"
          "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
          "basic_auth_users:\n  alice: " +
          kHash + "\n",
      "w", "/etc/web");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->cert_file, "/etc/web/a.crt");
  EXPECT_EQ(config->tls->key_file, "/k/a.key");
  EXPECT_EQ(config->tls->client_ca_file, "/etc/web/ca.crt");
  EXPECT_EQ(config->tls->client_auth, WebConfig::ClientAuth::kRequire);
  EXPECT_EQ(config->tls->min, WebConfig::TlsVersion::k13);
  EXPECT_EQ(config->tls->ciphers, std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
  EXPECT_EQ(config->tls->curves, (std::vector<std::string>{"X25519", "P-256"}));
  EXPECT_FALSE(config->tls->prefer_server_ciphers);
  ASSERT_EQ(config->users.size(), 1);
  EXPECT_EQ(config->users[0].hash, kHash);
  EXPECT_EQ(config->headers[0].second, "deny");
}

TEST(WebConfig, NothingPromisesNothing) {
  const auto config = LoadWebConfig("{}", "w", "/");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->tls);
  EXPECT_TRUE(config->users.empty());
}

TEST(WebConfig, ErrorsNameTheLine) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"tls_config: {}", "w:1: "},
           {kTls + "  cert: x\n", "w:4: "},
           {"tls_server_config:\n  cert_file: a\n", "w:1: "},
           {kTls + "  client_auth_type: Maybe\n", "w:4: "},
           {kTls + "  client_auth_type: RequireAndVerifyClientCert\n", "w:4: "},
           {kTls + "  client_ca_file: ca\n", "w:1: "},
           {kTls + "  min_version: TLS10\n", "w:4: "},
           {kTls + "  min_version: TLS13\n  max_version: TLS12\n", "w:1: "},
           {kTls + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", "w:4: "},
           {"basic_auth_users:\n  alice: secret\n", "w:2: alice"},
           {"basic_auth_users:\n  alice: " + std::string(kHash).replace(4, 2, "31") + "\n",
            "w:2: "},
           {"basic_auth_users:\n  'a:b': " + kHash + "\n", "w:2: "},
           {"http_server_config:\n  headers:\n    X-Mine: a\n", "w:3: "},
           {"http_server_config:\n  headers:\n    X-Frame-Options: \"a\\nSet-Cookie: b\"\n",
            "w:3: "}}) {
    const auto config = LoadWebConfig(text, "w", "/");
    ASSERT_FALSE(config) << text;
    EXPECT_TRUE(config.error().message.starts_with(message)) << text << config.error().message;
  }
}

}  // namespace
}  // namespace hullmark
