// SPDX-License-Identifier: Apache-2.0
#include "agent/config/web_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <expected>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/values.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // Of the format, of OpenSSL.

// Those of TLS 1.2 that Go and we both have; the others are known to be weak. TLS 1.3 has its own.
constexpr std::array<Names, 6> kCiphers = {
    {{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
     {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
     {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
     {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
     {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
     {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}}};
constexpr std::array<std::string_view, 3> kTls13Ciphers = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
constexpr std::array<Names, 4> kCurves = {
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}}};
constexpr std::array<std::string_view, 5> kClientAuth = {
    "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert"};
constexpr std::array<std::string_view, 2> kVersions = {"TLS12", "TLS13"};
constexpr std::array<std::string_view, 5> kHeaders = {"Content-Security-Policy", "X-Frame-Options",
                                                      "X-Content-Type-Options", "X-XSS-Protection",
                                                      "Strict-Transport-Security"};

std::string Joined(const auto& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty() && !word.empty()) text += ", ";
    text += word;
  }
  return text;
}

std::vector<std::string> ReadNames(const YamlNode* node, const auto& table, FieldReader& reading) {
  std::vector<std::string> names;
  for (const std::string& text : ReadTexts(node, reading)) {
    if (std::ranges::count(kTls13Ciphers, text) > 0) continue;  // Not to be chosen, in Go neither.
    const auto found = std::ranges::find(table, text, &Names::first);
    if (found == table.end()) {
      reading.Complain(node->line, Quoted(text) + " is none of " + Joined(std::views::keys(table)));
    } else {
      names.emplace_back(found->second);
    }
  }
  return names;
}

// "$2y$10$" and 53 characters. What takes a minute to verify would serve nobody.
bool IsBcrypt(std::string_view hash) {
  constexpr std::string_view kAlphabet =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr int kLeast = 4;
  constexpr int kMost = 14;
  constexpr std::size_t kPrefix = 7;
  constexpr std::size_t kSize = 60;
  if (hash.size() != kSize || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') {
    return false;
  }
  int cost = 0;
  const auto [end, error] = std::from_chars(hash.data() + 4, hash.data() + 6, cost);
  return std::string_view("aby").contains(hash[2]) && error == std::errc{} &&
         end == hash.data() + 6 && cost >= kLeast && cost <= kMost &&
         hash.substr(kPrefix).find_first_not_of(kAlphabet) == std::string_view::npos;
}

class WebConfigReader {
 public:
  WebConfigReader(FieldReader& reading, std::string_view directory)
      : reading_(reading), directory_(directory) {}

  WebConfig Read(const YamlNode& root) {
    Fields fields(&root, reading_);
    WebConfig config;
    if (const auto* tls = fields.TakeOptional("tls_server_config")) config.tls = ReadTls(*tls);
    if (const auto* http = fields.TakeOptional("http_server_config")) ReadHttp(*http, config);
    if (const auto* users = fields.TakeOptional("basic_auth_users")) ReadUsers(*users, config);
    fields.RefuseOthers();
    return config;
  }

 private:
  std::string ReadFile(const YamlNode* node) {
    std::string path = ReadText(node, reading_);
    if (path.empty() || path.starts_with('/')) return path;
    return std::string(directory_) + "/" + path;
  }

  WebConfig::Tls ReadTls(const YamlNode& node) {
    Fields fields(&node, reading_);
    WebConfig::Tls tls{.cert_file = ReadFile(fields.Take("cert_file")),
                       .key_file = ReadFile(fields.Take("key_file"))};
    const auto* auth = fields.TakeOptional("client_auth_type");
    if (auth != nullptr) {
      tls.client_auth = static_cast<WebConfig::ClientAuth>(ReadWord(auth, kClientAuth, reading_));
    }
    if (const auto* ca = fields.TakeOptional("client_ca_file")) tls.client_ca_file = ReadFile(ca);
    const bool verifies = tls.client_auth >= WebConfig::ClientAuth::kVerifyIfGiven;
    if (verifies && tls.client_ca_file.empty()) {
      reading_.Complain(auth->line, "this 'client_auth_type' wants a 'client_ca_file'");
    }
    if (!verifies && !tls.client_ca_file.empty()) {
      reading_.Complain(node.line,
                        "a 'client_ca_file' is for a 'client_auth_type' that verifies: "
                        "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
    ReadProtocol(node, fields, tls);
    fields.RefuseOthers();
    return tls;
  }

  void ReadProtocol(const YamlNode& node, Fields& fields, WebConfig::Tls& tls) {
    const auto version = [&](std::string_view key, WebConfig::TlsVersion& into) {
      const auto* found = fields.TakeOptional(key);
      if (found == nullptr) return;
      into = static_cast<WebConfig::TlsVersion>(ReadWord(found, kVersions, reading_));
    };
    version("min_version", tls.min);
    version("max_version", tls.max);
    if (tls.min > tls.max) reading_.Complain(node.line, "'min_version' is above 'max_version'");
    if (const auto* prefer = fields.TakeOptional("prefer_server_cipher_suites")) {
      tls.prefer_server_ciphers = ReadBool(prefer, reading_);
    }
    if (const auto* names = fields.TakeOptional("cipher_suites")) {
      tls.ciphers = ReadNames(names, kCiphers, reading_);
    }
    if (const auto* names = fields.TakeOptional("curve_preferences")) {
      tls.curves = ReadNames(names, kCurves, reading_);
    }
  }

  void ReadHttp(const YamlNode& node, WebConfig& config) {
    Fields fields(&node, reading_);
    // Either is kept: what is spoken is HTTP/1.1, which every client knows.
    if (const auto* http2 = fields.TakeOptional("http2")) ReadBool(http2, reading_);
    const auto* headers = fields.TakeOptional("headers");
    fields.RefuseOthers();
    if (headers == nullptr) return;
    const Fields mapping(headers, reading_);
    for (const YamlNode& header : headers->children) {
      if (std::ranges::count(kHeaders, header.key) == 0) {
        reading_.Complain(header.line, Quoted(header.key) + " is none of " + Joined(kHeaders));
      }
      const std::string value = ReadText(&header, reading_);
      if (value.contains('\n') || value.contains('\t')) {
        reading_.Complain(header.line, "a header is one line");
      }
      config.headers.emplace_back(header.key, value);
    }
  }

  void ReadUsers(const YamlNode& node, WebConfig& config) {
    const Fields mapping(&node, reading_);
    for (const YamlNode& user : node.children) {
      reading_.About(user.key);
      if (user.key.empty() || user.key.contains(':')) {
        reading_.Complain(user.line, "the name of a user is not empty and has no colon");
      }
      const std::string hash = ReadText(&user, reading_);
      if (!IsBcrypt(hash)) {
        reading_.Complain(user.line,
                          "not a bcrypt hash of a cost from 4 to 14 (htpasswd -nBC 10 NAME)");
      }
      config.users.push_back({.name = user.key, .hash = hash});
    }
    reading_.About("");
  }

  FieldReader& reading_;
  std::string_view directory_;
};

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): swapped, the first line already fails.
Result<WebConfig> LoadWebConfig(std::string_view text, std::string_view name,
                                std::string_view directory) {
  FieldReader reading(name);
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  WebConfig config;
  if (root) {
    config = WebConfigReader(reading, directory).Read(*root);
  } else {
    reading.Complain(root.error().line, root.error().what);
  }
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return config;
}

}  // namespace hullmark
