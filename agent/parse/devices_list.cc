// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/devices_list.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

bool ReadNumber(std::string_view text, std::optional<std::uint32_t>& into) {
  if (text == "*") return true;
  into = NumberOf<std::uint32_t>(text);
  return into.has_value();
}

bool ReadAccess(std::string_view letters, DeviceRule& rule) {
  for (const char letter : letters) {
    bool* const access = letter == 'r'   ? &rule.read
                         : letter == 'w' ? &rule.write
                         : letter == 'm' ? &rule.make
                                         : nullptr;
    if (access == nullptr || *access) return false;
    *access = true;
  }
  return !letters.empty();
}

// Type and numbers, which are taken off the line.
bool CutDevice(std::string_view& line, DeviceRule& rule) {
  const auto type = Cut(line, ' ');
  if (type != "a" && type != "b" && type != "c") return false;
  rule.type = type.front();
  auto numbers = Cut(line, ' ');
  if (!numbers.contains(':')) return false;
  return ReadNumber(Cut(numbers, ':'), rule.major) && ReadNumber(numbers, rule.minor);
}

}  // namespace

Fact<DeviceRule> ParseDeviceRule(std::string_view line) {
  DeviceRule rule;
  if (!CutDevice(line, rule)) return Malformed();
  if (!ReadAccess(line.empty() ? "rwm" : line, rule)) return Malformed();
  return rule;
}

Fact<std::vector<DeviceRule>> ParseDevicesList(std::string_view text) {
  std::vector<DeviceRule> rules;
  while (!text.empty()) {
    auto line = CutLine(text);
    DeviceRule rule;
    if (!line || !CutDevice(*line, rule) || !ReadAccess(*line, rule)) return Malformed();
    rules.push_back(rule);
  }
  return rules;
}

}  // namespace hullmark
