// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_status.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX
constexpr int kMostDepth = 33;              // MAX_PID_NS_LEVEL + 1

// Readers of values: false where the value has not its documented form.

bool ReadCaps(std::string_view value, CapSet& into) {
  const auto digits = CutWord(value);
  const auto bits = NumberOf<std::uint64_t>(digits, 16);
  // Always 16 digits: fewer would be a part of the set.
  if (!bits || digits.size() != 16 || !value.empty()) return false;
  into = CapSet(*bits);
  return true;
}

template <typename Id>
bool ReadIds(std::string_view value, IdQuadruple<Id>& into) {
  for (Id* const id : {&into.real, &into.effective, &into.saved, &into.fs}) {
    const auto number = CutNumber<std::uint32_t>(value);
    if (!number) return false;
    *id = Id{*number};
  }
  return value.empty();
}

std::optional<bool> ReadFlag(std::string_view value) {
  const auto digit = CutWord(value);
  if ((digit != "0" && digit != "1") || !value.empty()) return std::nullopt;
  return digit == "1";
}

bool ReadPidChain(std::string_view value, ProcStatus& facts) {
  int depth = 0;
  for (auto word = CutWord(value); !word.empty(); word = CutWord(value)) {
    const auto pid = NumberOf<std::int32_t>(word);
    if (!pid || *pid < 0 || ++depth > kMostDepth) return false;
    facts.innermost_pid = *pid;
  }
  facts.pid_depth = static_cast<std::uint8_t>(depth);
  return depth > 0;
}

bool ReadThreads(std::string_view value, ProcStatus& facts) {
  const auto threads = CutNumber<std::uint32_t>(value);
  facts.threads = threads.value_or(0);
  return threads && value.empty();
}

bool ReadSeccomp(std::string_view value, ProcStatus& facts) {
  const auto mode = CutNumber<std::uint8_t>(value);
  if (!mode || *mode > 2 || !value.empty()) return false;
  facts.seccomp = SeccompMode{*mode};
  return true;
}

bool ReadFilterCount(std::string_view value, ProcStatus& facts) {
  const auto count = CutNumber<std::uint32_t>(value);
  if (!count || !value.empty()) return false;
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint16_t>::max();
  facts.seccomp_filters = static_cast<std::uint16_t>(std::min(*count, kMost));
  return true;
}

bool ReadAmbient(std::string_view value, ProcStatus& facts) {
  return ReadCaps(value, facts.ambient.emplace());
}

struct Line {
  std::string_view key;
  bool mandatory;
  bool (*read)(std::string_view value, ParsedStatus& into);
};

// In the kernel's order, so that the search for the next key mostly ends at once.
constexpr std::array kLines = std::to_array<Line>({
    {"Name", false, [](std::string_view v, ParsedStatus& p) { return p.name = v, true; }},
    {"Uid", true, [](std::string_view v, ParsedStatus& p) { return ReadIds(v, p.facts.uid); }},
    {"Gid", true, [](std::string_view v, ParsedStatus& p) { return ReadIds(v, p.facts.gid); }},
    {"Groups", true, [](std::string_view v, ParsedStatus& p) { return p.groups = v, true; }},
    {"NSpid", false, [](std::string_view v, ParsedStatus& p) { return ReadPidChain(v, p.facts); }},
    {"Kthread", false,
     [](std::string_view v, ParsedStatus& p) {
       return (p.facts.kernel_thread = ReadFlag(v)).has_value();
     }},
    {"Threads", false, [](std::string_view v, ParsedStatus& p) { return ReadThreads(v, p.facts); }},
    {"CapInh", true,
     [](std::string_view v, ParsedStatus& p) { return ReadCaps(v, p.facts.inheritable); }},
    {"CapPrm", true,
     [](std::string_view v, ParsedStatus& p) { return ReadCaps(v, p.facts.permitted); }},
    {"CapEff", true,
     [](std::string_view v, ParsedStatus& p) { return ReadCaps(v, p.facts.effective); }},
    {"CapBnd", true,
     [](std::string_view v, ParsedStatus& p) { return ReadCaps(v, p.facts.bounding); }},
    {"CapAmb", false, [](std::string_view v, ParsedStatus& p) { return ReadAmbient(v, p.facts); }},
    {"NoNewPrivs", false,
     [](std::string_view v, ParsedStatus& p) {
       return (p.facts.no_new_privs = ReadFlag(v)).has_value();
     }},
    {"Seccomp", false, [](std::string_view v, ParsedStatus& p) { return ReadSeccomp(v, p.facts); }},
    {"Seccomp_filters", false,
     [](std::string_view v, ParsedStatus& p) { return ReadFilterCount(v, p.facts); }},
});

constexpr std::uint32_t MandatoryLines() {
  std::uint32_t lines = 0;
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    if (kLines[i].mandatory) lines |= 1U << i;
  }
  return lines;
}

}  // namespace

Fact<ParsedStatus> ParseProcStatus(std::string_view text) {
  ParsedStatus parsed;
  std::uint32_t seen = 0;  // Bit per row of kLines.
  while (!text.empty()) {
    auto value = CutLine(text);
    if (!value) return Malformed();
    const auto key = Cut(*value, ':');
    const auto* const line = std::ranges::find(kLines, key, &Line::key);
    if (line == kLines.end()) continue;
    const auto bit = 1U << (line - kLines.begin());
    if ((seen & bit) != 0 || !value->starts_with('\t')) return Malformed();
    seen |= bit;
    if (!line->read(value->substr(1), parsed)) return Malformed();
  }
  if ((MandatoryLines() & ~seen) != 0) return Malformed();
  return parsed;
}

Fact<std::vector<Gid>> ParseGroups(std::string_view groups) {
  std::vector<Gid> gids;
  for (auto word = CutWord(groups); !word.empty(); word = CutWord(groups)) {
    const auto gid = NumberOf<std::uint32_t>(word);
    if (!gid || gids.size() == kMostGroups) return Malformed();
    gids.push_back(Gid{*gid});
  }
  return gids;
}

}  // namespace hullmark
