// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <system_error>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// The few moves all parsers are made of. Each takes its piece off the front of `rest`.

// The text before the first `delimiter`, which goes too; all of it where there is none.
constexpr std::string_view Cut(std::string_view& rest, char delimiter) {
  const auto at = rest.find(delimiter);
  const auto piece = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return piece;
}

// The next line without its newline. The kernel ends every line with one, so that a last line
// without it was cut off by the reader: nullopt, and `rest` stays.
constexpr std::optional<std::string_view> CutLine(std::string_view& rest) {
  const auto at = rest.find('\n');
  if (at == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return line;
}

// The next run of bytes that are neither space nor tab; "" at the end.
constexpr std::string_view CutWord(std::string_view& rest) {
  constexpr std::string_view kBlanks = " \t";
  const auto begin = rest.find_first_not_of(kBlanks);
  rest.remove_prefix(begin == std::string_view::npos ? rest.size() : begin);
  const auto word = rest.substr(0, rest.find_first_of(kBlanks));
  rest.remove_prefix(word.size());
  return word;
}

// `text` less one final newline: files of a single value are read with and without it.
constexpr std::string_view WithoutNewline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// The whole of `text` as a number; nullopt for signs an unsigned type lacks, blanks, overflow.
template <std::integral Number>
std::optional<Number> NumberOf(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// The next word as a number.
template <std::integral Number>
std::optional<Number> CutNumber(std::string_view& rest) {
  return NumberOf<Number>(CutWord(rest));
}

// "8:0", the whole of `text`.
inline std::optional<DeviceNumber> DeviceNumberOf(std::string_view text) {
  const auto major = NumberOf<std::uint32_t>(Cut(text, ':'));
  const auto minor = NumberOf<std::uint32_t>(text);
  if (!major || !minor) return std::nullopt;
  return DeviceNumber{.major = *major, .minor = *minor};
}

constexpr std::unexpected<Fault> Malformed() { return Missing(ErrorCode::kMalformed); }

}  // namespace hullmark
