// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/web_settings.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/tls.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMost = std::size_t{16} << 20;

std::unexpected<Error> Refuse(const char* what) {
  return Fail(ErrorCode::kMalformed, std::string("web settings: ") + what);
}

// Texts with their lengths, one after the other.
void Put(std::string& bytes, std::string_view text) {
  const std::uint64_t length = text.size();
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += text;
}

std::optional<std::string> Take(std::string_view& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > bytes.size()) return std::nullopt;
  std::string text(bytes.substr(0, static_cast<std::size_t>(length)));
  bytes.remove_prefix(static_cast<std::size_t>(length));
  return text;
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
    Put(bytes, "tls");
    for (const std::string& text :
         {FlagsOf(tls), tls.certificates, tls.key, tls.client_roots, tls.ciphers, tls.curves}) {
      Put(bytes, text);
    }
  }
  const auto put = [&](const char* kind, const auto& pairs) {
    for (const auto& [name, value] : pairs) {
      Put(bytes, kind);
      Put(bytes, name);
      Put(bytes, value);
    }
  };
  put("user", settings.users);
  put("header", settings.headers);
  return bytes;
}

std::optional<std::vector<std::string>> TakeSome(std::string_view& bytes, std::size_t count) {
  std::vector<std::string> texts;
  while (texts.size() < count) {
    auto text = Take(bytes);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

Result<WebSettings> Read(std::string_view bytes) {
  constexpr std::size_t kTlsTexts = 6;
  WebSettings settings;
  while (!bytes.empty()) {
    const auto kind = Take(bytes);
    const bool tls = kind == "tls";
    const auto taken = TakeSome(bytes, tls ? kTlsTexts : 2);
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
  Fd file(memfd_create("web-settings", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (!file || pwrite(file.get(), bytes.data(), bytes.size(), 0) != std::ssize(bytes) ||
      fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
    return Fail(CodeOfErrno(errno), std::string("web settings: ") + std::strerror(errno));
  }
  return file;
}

Result<WebSettings> OpenWebSettings(const Fd& file) {
  const off_t size = lseek(file.get(), 0, SEEK_END);
  if (size < 0 || static_cast<std::size_t>(size) > kMost) return Refuse("no file, or too large");
  if (size == 0) return WebSettings{};
  const auto length = static_cast<std::size_t>(size);
  // Mapped, since the gateway may not pread(2); sealed files do not shrink below a mapping.
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) return Refuse("not sealed");
  void* const bytes = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return Refuse("cannot be mapped");
  auto settings = Read({static_cast<const char*>(bytes), length});
  munmap(bytes, length);
  return settings;
}

}  // namespace hullmark
