// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/config.h"
#include "hullmark/result.h"

// Whatever the bytes are, there is a configuration within its bounds or an error that names a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto loaded = hullmark::LoadConfig(text, "fuzz");
  const bool sound = loaded ? loaded->scan.full_every >= loaded->scan.interval &&
                                  !loaded->classes.empty() && loaded->state_dir.starts_with('/')
                            : loaded.error().message.starts_with("fuzz:");
  if (!sound) std::abort();
  return 0;
}
