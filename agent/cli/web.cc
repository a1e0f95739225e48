// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/web.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/cli/inputs.h"
#include "agent/config/web_config.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct TrustedText {
  std::string text{};
  bool secret = false;  // Its owner alone may read it.
};

// What is read is what was judged, whoever replaces the file meanwhile.
Result<TrustedText> ReadTrusted(const std::string& path) {
  const auto file = OpenTrusted(path, Uid{geteuid()});
  if (!file) return std::unexpected(file.error());
  struct stat status = {};
  if (fstat(file->get(), &status) != 0) return Fail(CodeOfErrno(errno), path + ": fstat");
  auto text = ReadSiteFile(*file, path);
  if (!text) return std::unexpected(text.error());
  return TrustedText{.text = std::move(*text),
                     .secret = (status.st_mode & (S_IRWXG | S_IRWXO)) == 0};
}

std::unexpected<Error> NoSecret(const std::string& path, const std::string& what) {
  return Fail(ErrorCode::kDenied,
              path + ": not trusted: others than its owner may read " + what + " (chmod 600)");
}

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
  auto key = ReadTrusted(tls.key_file);
  if (!key) return std::unexpected(key.error());
  if (!key->secret) return NoSecret(tls.key_file, "the key");
  auto roots =
      tls.client_ca_file.empty() ? Result<std::string>("") : ReadSiteFile(tls.client_ca_file);
  if (!roots) return std::unexpected(roots.error());
  return TlsSettings{.certificates = std::move(*certificates),
                     .key = std::move(key->text),
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
