// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/hooks/queue_lines.h"

// Whatever is accepted is what would be written, byte for byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto read = hullmark::ParseQueueLine(line);
    if (read && hullmark::ToLine(*read) != std::string(line) + "\n") std::abort();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}
