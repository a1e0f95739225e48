// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/scalars.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/encode/text.h"
#include "hullmark/caps.h"

namespace hullmark {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kCapSetDigits = 16;

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string HexOf(std::string_view bytes) {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += kDigits[value >> 4];
    hex += kDigits[value & 0xF];
  }
  return hex;
}

std::optional<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = kDigits.find(hex[i]);
    const auto low = kDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string HexOf(CapSet caps) {
  std::string hex;
  for (int shift = 60; shift >= 0; shift -= 4) hex += kDigits[caps.bits() >> shift & 0xF];
  return hex;
}

std::optional<CapSet> CapSetOfHex(std::string_view hex) {
  if (hex.size() != kCapSetDigits) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char digit : hex) {
    const auto value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 4 | value;
  }
  return CapSet(bits);
}

}  // namespace hullmark
