// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/metrics/labels.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "agent/encode/text.h"

namespace hullmark {

std::string LabelText(std::string_view text, std::size_t most) {
  const bool plain =
      std::ranges::all_of(text, [](char byte) { return byte >= ' ' && byte <= '~'; });
  if (plain) return std::string(text.substr(0, most));
  constexpr std::size_t kLongestCharacter = 4;
  std::string value = Printable(text.substr(0, most + kLongestCharacter));
  if (value.size() <= most) return value;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  value.resize(end);
  return value;
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  for (const char byte : value) {
    if (byte == '\n') {
      out += "\\n";
      continue;
    }
    if (byte == '\\' || byte == '"') out += '\\';
    out += byte;
  }
  out += '"';
}

}  // namespace hullmark
