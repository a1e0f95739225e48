// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/web_config.h"
#include "hullmark/result.h"

// Whatever the bytes are, there is a configuration that can be used or an error that names a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto loaded = hullmark::LoadWebConfig(text, "fuzz", "/etc");
  if (!loaded) {
    if (!loaded.error().message.starts_with("fuzz:")) std::abort();
    return 0;
  }
  const bool users = std::ranges::all_of(loaded->users, [](const auto& user) {
    return !user.name.empty() && !user.name.contains(':') && user.hash.size() == 60;
  });
  const bool files = !loaded->tls || (loaded->tls->cert_file.starts_with('/') &&
                                      loaded->tls->key_file.starts_with('/'));
  const bool headers = std::ranges::all_of(
      loaded->headers, [](const auto& header) { return !header.second.contains('\n'); });
  if (!users || !files || !headers) std::abort();
  return 0;
}
