// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/web.h"

#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "agent/cli/inputs.h"
#include "agent/cli/trusted_text.h"
#include "agent/config/web_config.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ":") + name;
  return text;
}

ClientCertificate WantedOf(WebConfig::ClientAuth auth) {
  switch (auth) {
    case WebConfig::ClientAuth::kNone:
      return ClientCertificate::kNone;
    case WebConfig::ClientAuth::kRequest:
      return ClientCertificate::kRequested;
    case WebConfig::ClientAuth::kRequireAny:
      return ClientCertificate::kAny;
    case WebConfig::ClientAuth::kVerifyIfGiven:
      return ClientCertificate::kVerifiedIfGiven;
    case WebConfig::ClientAuth::kRequire:
      return ClientCertificate::kVerified;
  }
  return ClientCertificate::kVerified;
}

Result<TlsSettings> LoadTls(const WebConfig::Tls& tls) {
  auto certificates = ReadSiteFile(tls.cert_file);
  if (!certificates) return std::unexpected(certificates.error());
  auto key = ReadSecret(tls.key_file, "the key");
  if (!key) return std::unexpected(key.error());
  auto roots =
      tls.client_ca_file.empty() ? Result<std::string>("") : ReadSiteFile(tls.client_ca_file);
  if (!roots) return std::unexpected(roots.error());
  return TlsSettings{.certificates = std::move(*certificates),
                     .key = std::move(*key),
                     .client_roots = std::move(*roots),
                     .client = WantedOf(tls.client_auth),
                     .only_13 = tls.min == WebConfig::TlsVersion::k13,
                     .only_12 = tls.max == WebConfig::TlsVersion::k12,
                     .own_order = tls.prefer_server_ciphers,
                     .ciphers = Joined(tls.ciphers),
                     .curves = Joined(tls.curves)};
}

}  // namespace

Result<WebSettings> LoadWebSettings(const std::string& path) {
  WebSettings settings;
  if (path.empty()) return settings;
  const auto file = ReadTrusted(path);
  if (!file) return std::unexpected(file.error());
  const std::string directory = std::filesystem::absolute(path).parent_path();
  auto config = LoadWebConfig(file->text, path, directory);
  if (!config) return std::unexpected(config.error());
  if (!config->users.empty() && !file->secret) return NoSecret(path, "the hashes of passwords");
  if (const auto& wanted = config->tls) {
    auto tls = LoadTls(*wanted);
    if (!tls) return std::unexpected(tls.error());
    const auto tried = TlsContext::Make(*tls);
    if (!tried) return Fail(tried.error().code, path + ": " + tried.error().message);
    settings.tls = std::move(*tls);
  }
  for (auto& [name, hash] : config->users) settings.users.emplace(name, hash);
  settings.headers = std::move(config->headers);
  return settings;
}

}  // namespace hullmark
