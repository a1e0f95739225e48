// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {

// The file of --web.config.file, in the format that Prometheus' exporters share, see
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
struct WebConfig {
  enum class ClientAuth : std::uint8_t {
    kNone,           // NoClientCert
    kRequest,        // RequestClientCert: asked for, whatever comes
    kRequireAny,     // RequireAnyClientCert: of anybody's making
    kVerifyIfGiven,  // VerifyClientCertIfGiven
    kRequire,        // RequireAndVerifyClientCert
  };
  enum class TlsVersion : std::uint8_t { k12, k13 };

  struct Tls {
    std::string cert_file{}, key_file{};
    std::string client_ca_file{};  // "": none.
    ClientAuth client_auth = ClientAuth::kNone;
    TlsVersion min = TlsVersion::k12, max = TlsVersion::k13;
    bool prefer_server_ciphers = true;
    std::vector<std::string> ciphers{};  // Of TLS 1.2, by OpenSSL's names; none: all that we have.
    std::vector<std::string> curves{};   // By OpenSSL's names; none: all that we have.
  };
  struct User {
    std::string name, hash;  // bcrypt, "$2y$10$...".
  };

  std::optional<Tls> tls{};
  std::vector<User> users{};                                   // None: everybody.
  std::vector<std::pair<std::string, std::string>> headers{};  // On every answer.
};

// Parses strictly: an unknown or repeated key, a wrong type, a value that this program cannot do is
// an error that names `name` and the line. Paths that are relative begin at `directory`.
Result<WebConfig> LoadWebConfig(std::string_view text, std::string_view name,
                                std::string_view directory);

}  // namespace hullmark
