// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/observed_calls.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hullmark/result.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

std::vector<std::string_view> Words(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = line.find_first_of(kBlanks, begin);
    words.push_back(line.substr(begin, end - begin));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end);
  }
}

// "12", "0.000017", "12,50"
bool IsAmount(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == ',';
  });
}

// The name as Calls() has it; "" for what is no call.
std::string_view Known(std::string_view name) {
  const auto at = std::ranges::lower_bound(Calls(), name);
  return at != Calls().end() && *at == name ? *at : std::string_view{};
}

std::optional<std::uint32_t> Number(std::string_view line, std::string_view key, int base) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

constexpr std::string_view kCallKey = " syscall=";

// Of an audit record; "" where it names none that is known.
std::string_view FromRecord(std::string_view line) {
  constexpr int kHexadecimal = 16;
  constexpr int kDecimal = 10;
  constexpr std::array kAll = {Abi::kX86_64, Abi::kX32, Abi::kI386, Abi::kAarch64, Abi::kArm};
  const auto arch = Number(line, " arch=", kHexadecimal);
  const auto number = Number(line, kCallKey, kDecimal);
  if (!arch || !number) return {};
  for (const Abi abi : kAll) {
    if (AuditArchOf(abi) != *arch) continue;
    const std::string_view call = CallOf(abi, *number);
    if (!call.empty()) return Known(call);
  }
  return {};
}

// The last word of a row of a summary: "write", "write(1)"; "" for other lines.
std::string_view NameInRow(std::string_view line) {
  const std::vector<std::string_view> words = Words(line);
  if (words.size() < 2 || !IsAmount(words.front())) return {};
  const std::string_view name = words.back().substr(0, words.back().find('('));
  return name == "total" || IsAmount(name) ? std::string_view{} : name;
}

}  // namespace

Result<std::set<std::string_view>> ParseObservedCalls(std::string_view text) {
  std::set<std::string_view> calls;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool record = line.find(kCallKey) != std::string_view::npos;
    const std::string_view said = record ? kCallKey : NameInRow(line);
    if (said.empty()) continue;
    const std::string_view call = record ? FromRecord(line) : Known(said);
    if (call.empty()) {
      return Fail(ErrorCode::kMalformed,
                  std::to_string(number) + ": " +
                      (record ? "no call has that number there"
                              : "'" + std::string(said) + "' is no system call"));
    }
    calls.insert(call);
  }
  if (calls.empty()) return Fail(ErrorCode::kNotFound, "not one system call is named in it");
  return calls;
}

}  // namespace hullmark
