// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/host_files.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Fact<std::uint64_t> ParseMemTotal(std::string_view text) {
  constexpr std::uint64_t kKibi = 1024;
  while (!text.empty()) {
    auto line = Cut(text, '\n');
    if (Cut(line, ':') != "MemTotal") continue;
    const auto kibibytes = CutNumber<std::uint64_t>(line);
    if (!kibibytes || CutWord(line) != "kB") return Malformed();
    if (*kibibytes > std::numeric_limits<std::uint64_t>::max() / kKibi) return Malformed();
    return *kibibytes * kKibi;
  }
  return Malformed();
}

Fact<bool> ParseSwaps(std::string_view text) {
  if (!Cut(text, '\n').starts_with("Filename")) return Malformed();
  return !text.empty();
}

Fact<std::vector<CgroupController>> ParseProcCgroups(std::string_view text) {
  std::vector<CgroupController> controllers;
  if (!Cut(text, '\n').starts_with("#subsys_name")) return Malformed();
  while (!text.empty()) {
    auto line = CutLine(text);
    if (!line) return Malformed();
    const auto name = CutWord(*line);
    const auto hierarchy = CutNumber<std::uint32_t>(*line);
    const auto groups = CutNumber<std::uint32_t>(*line);
    const auto enabled = CutWord(*line);
    if (name.empty() || !hierarchy || !groups) return Malformed();
    if (enabled != "0" && enabled != "1") return Malformed();
    controllers.push_back(
        {.name = std::string(name), .hierarchy = *hierarchy, .enabled = enabled == "1"});
  }
  return controllers;
}

Fact<std::string> ParseLockdown(std::string_view text) {
  text = WithoutNewline(text);
  while (!text.empty()) {
    const auto word = CutWord(text);
    if (word.size() > 2 && word.starts_with('[') && word.ends_with(']')) {
      return std::string(word.substr(1, word.size() - 2));
    }
  }
  return Malformed();
}

std::string_view TrimLine(std::string_view text) { return WithoutNewline(text); }

Fact<std::vector<std::string>> ParseLsmList(std::string_view text) {
  std::vector<std::string> names;
  text = WithoutNewline(text);
  if (text.empty() || text.ends_with(',')) return Malformed();
  while (!text.empty()) {
    const auto name = Cut(text, ',');
    if (name.empty()) return Malformed();
    names.emplace_back(name);
  }
  return names;
}

Fact<Timestamp> ParseBootTime(std::string_view text) {
  constexpr std::int64_t kPerSecond = 1'000'000'000;
  while (!text.empty()) {
    auto line = Cut(text, '\n');
    if (CutWord(line) != "btime") continue;
    const auto seconds = CutNumber<std::int64_t>(line);
    if (!seconds || *seconds < 0) return Malformed();
    if (*seconds > std::numeric_limits<std::int64_t>::max() / kPerSecond) return Malformed();
    return Timestamp{*seconds * kPerSecond};
  }
  return Malformed();
}

Fact<DeviceNumber> ParseDeviceNumber(std::string_view text) {
  const auto device = DeviceNumberOf(WithoutNewline(text));
  if (!device) return Malformed();
  return *device;
}

std::optional<std::string_view> GroupNameOf(std::string_view text, Gid gid) {
  while (!text.empty()) {
    auto line = Cut(text, '\n');
    const auto name = Cut(line, ':');
    Cut(line, ':');  // The password.
    const auto number = NumberOf<std::uint32_t>(Cut(line, ':'));
    if (!name.empty() && number && Gid{*number} == gid) return name;
  }
  return std::nullopt;
}

Fact<std::uint32_t> CountEnforcedProfiles(std::string_view text) {
  std::uint32_t enforced = 0;
  while (!text.empty()) {
    const auto line = CutLine(text);
    // The name may hold blanks and parentheses: the mode is the last word.
    if (!line || !line->ends_with(')') || !line->contains(" (")) return Malformed();
    if (line->ends_with(" (enforce)") || line->ends_with(" (kill)")) ++enforced;
  }
  return enforced;
}

}  // namespace hullmark
