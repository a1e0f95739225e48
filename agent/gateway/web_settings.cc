// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/web_settings.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/sealed.h"
#include "agent/gateway/tls.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMost = std::size_t{16} << 20;

std::unexpected<Error> Refuse(const char* what) {
  return Fail(ErrorCode::kMalformed, std::string("web settings: ") + what);
}

std::string FlagsOf(const TlsSettings& tls) {
  std::string flags;
  for (const int flag : {static_cast<int>(tls.client), tls.only_13 ? 1 : 0, tls.only_12 ? 1 : 0,
                         tls.own_order ? 1 : 0}) {
    flags += static_cast<char>('0' + flag);
  }
  return flags;
}

std::optional<TlsSettings> TlsOf(const std::vector<std::string>& texts) {
  constexpr std::size_t kFlags = 4;
  const std::string& flags = texts[0];
  if (flags.size() != kFlags || flags.find_first_not_of("01234") != std::string::npos) {
    return std::nullopt;
  }
  return TlsSettings{.certificates = texts[1],
                     .key = texts[2],
                     .client_roots = texts[3],
                     .client = static_cast<ClientCertificate>(flags[0] - '0'),
                     .only_13 = flags[1] == '1',
                     .only_12 = flags[2] == '1',
                     .own_order = flags[3] == '1',
                     .ciphers = texts[4],
                     .curves = texts[5]};
}

std::string BytesOf(const WebSettings& settings) {
  std::string bytes;
  if (settings.tls) {
    const TlsSettings& tls = *settings.tls;
    PutText(bytes, "tls");
    for (const std::string& text :
         {FlagsOf(tls), tls.certificates, tls.key, tls.client_roots, tls.ciphers, tls.curves}) {
      PutText(bytes, text);
    }
  }
  const auto put = [&](const char* kind, const auto& pairs) {
    for (const auto& [name, value] : pairs) {
      PutText(bytes, kind);
      PutText(bytes, name);
      PutText(bytes, value);
    }
  };
  put("user", settings.users);
  put("header", settings.headers);
  return bytes;
}

Result<WebSettings> Read(std::string_view bytes) {
  constexpr std::size_t kTlsTexts = 6;
  WebSettings settings;
  while (!bytes.empty()) {
    const auto kind = TakeText(bytes);
    const bool tls = kind == "tls";
    const auto taken = TakeTexts(bytes, tls ? kTlsTexts : 2);
    if (!kind || !taken) return Refuse("cut off");
    const std::vector<std::string>& texts = *taken;
    if (tls) {
      settings.tls = TlsOf(texts);
      if (!settings.tls) return Refuse("unknown flags");
    } else if (kind == "user") {
      settings.users.emplace(texts[0], texts[1]);
    } else if (kind == "header") {
      settings.headers.emplace_back(texts[0], texts[1]);
    } else {
      return Refuse("unknown part");
    }
  }
  return settings;
}

}  // namespace

Result<Fd> SealWebSettings(const WebSettings& settings) {
  const std::string bytes = BytesOf(settings);
  if (bytes.size() > kMost) return Refuse("larger than 16 MiB");
  return SealBytes("web-settings", bytes);
}

Result<WebSettings> OpenWebSettings(const Fd& file) {
  const auto bytes = SealedBytes::Map(file, kMost);
  if (!bytes) return std::unexpected(bytes.error());
  return Read(bytes->view());
}

}  // namespace hullmark
