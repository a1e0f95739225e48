// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hullmark {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

using Range = std::pair<char32_t, char32_t>;

bool In(const auto& ranges, char32_t point) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return point >= range.first && point <= range.second; });
}

constexpr std::array<Range, 12> kUnsafe = {{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},
                                            {0x61C, 0x61C},
                                            {0x180E, 0x180E},
                                            {0x200B, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFE00, 0xFE0F},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF9, 0xFFFB},
                                            {0xE0000, 0xE0FFF}}};

// East Asian wide and emoji blocks.
constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

void AppendBytesEscaped(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += kHex[value >> 4];
    out += kHex[value & 0xF];
  }
}

}  // namespace

char32_t DecodeUtf8(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first;
  char32_t point = first & (0x7FU >> sequence.size());
  for (const char byte : sequence.substr(1)) {
    point = point << 6 | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return point;
}

bool IsUnsafe(char32_t point) { return In(kUnsafe, point); }

std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  const auto sequence = text.substr(0, length);
  const bool continued = std::ranges::all_of(sequence.substr(1), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
  });
  if (!continued) return 0;
  const char32_t point = DecodeUtf8(sequence);
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return overlong || surrogate || point > 0x10FFFF ? 0 : length;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const auto sequence = text.substr(0, std::max<std::size_t>(length, 1));
    if (length > 0 && !IsUnsafe(DecodeUtf8(sequence))) {
      out += sequence;
    } else {
      AppendBytesEscaped(out, sequence);
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string PrintableShort(std::string_view text, std::size_t most) {
  constexpr std::string_view kDots = "...";
  std::string out = Printable(text.substr(0, most + 1));
  if (out.size() <= most && text.size() <= most) return out;
  std::size_t end = std::min(out.size(), most - std::min(most, kDots.size()));
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  out.resize(end);
  return out += kDots;
}

std::size_t Columns(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto sequence = text.substr(0, std::max<std::size_t>(Utf8Length(text), 1));
    columns += In(kWide, DecodeUtf8(sequence)) ? 2 : 1;
    text.remove_prefix(sequence.size());
  }
  return columns;
}

}  // namespace hullmark
