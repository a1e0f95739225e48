// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "agent/parse/limit_files.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

struct Key {
  std::string_view name;
  Limit IoLimit::* limit;
};
constexpr std::array kKeys = std::to_array<Key>({{"rbps", &IoLimit::read_bytes},
                                                 {"wbps", &IoLimit::write_bytes},
                                                 {"riops", &IoLimit::read_operations},
                                                 {"wiops", &IoLimit::write_operations}});

// "rbps=max" or "rbps=1048576"; keys unknown here are passed over. `seen`: bit per key.
bool ReadKey(std::string_view word, IoLimit& limit, std::uint32_t& seen) {
  const auto name = Cut(word, '=');
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (name != kKeys[i].name) continue;
    if ((seen >> i & 1) != 0) return false;
    seen |= 1U << i;
    if (word == "max") return true;
    return (limit.*kKeys[i].limit = NumberOf<std::uint64_t>(word)).has_value();
  }
  return true;
}

std::optional<IoLimit> ParseLine(std::string_view line) {
  const auto device = DeviceNumberOf(CutWord(line));
  if (!device) return std::nullopt;
  IoLimit limit{.device = *device};
  std::uint32_t seen = 0;
  for (auto word = CutWord(line); !word.empty(); word = CutWord(line)) {
    if (!ReadKey(word, limit, seen)) return std::nullopt;
  }
  // A key that is missing would read as unlimited.
  if (seen != (1U << kKeys.size()) - 1) return std::nullopt;
  return limit;
}

}  // namespace

Fact<std::vector<IoLimit>> ParseIoMax(std::string_view text) {
  std::vector<IoLimit> limits;
  while (!text.empty()) {
    const auto limit = ParseLine(Cut(text, '\n'));
    if (!limit) return Malformed();
    limits.push_back(*limit);
  }
  return limits;
}

Fact<std::vector<DeviceThrottle>> ParseThrottle(std::string_view text) {
  std::vector<DeviceThrottle> throttles;
  while (!text.empty()) {
    auto line = Cut(text, '\n');
    const auto device = DeviceNumberOf(Cut(line, ' '));
    const auto value = NumberOf<std::uint64_t>(line);
    if (!device || !value) return Malformed();
    throttles.push_back({.device = *device, .value = *value});
  }
  return throttles;
}

}  // namespace hullmark
