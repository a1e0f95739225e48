// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/limit_files.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

template <typename T>
Fact<T> OrMalformed(const std::optional<T>& value) {
  if (!value) return Malformed();
  return *value;
}

std::optional<Limit> MaxOrNumber(std::string_view word) {
  if (word == "max") return Limit{};
  const auto number = NumberOf<std::uint64_t>(word);
  if (!number) return std::nullopt;
  return Limit{number};
}

// Ranges and single numbers of a CPU list; `next` is the least number that may still come.
bool AppendRange(std::string_view range, std::vector<std::uint32_t>& cpus) {
  constexpr std::uint32_t kMostCpus = 8192;  // The largest CONFIG_NR_CPUS.
  const bool single = !range.contains('-');
  const auto first = NumberOf<std::uint32_t>(Cut(range, '-'));
  const auto last = single ? first : NumberOf<std::uint32_t>(range);
  if (!first || !last || *last < *first || *last >= kMostCpus) return false;
  if (!cpus.empty() && *first <= cpus.back()) return false;
  for (auto cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  return true;
}

}  // namespace

Fact<Limit> ParseMemoryV1(std::string_view text) {
  // PAGE_COUNTER_MAX in bytes is the largest signed number rounded down to a page of up to 64 KiB.
  constexpr std::uint64_t kUnlimited = 0x7fff'ffff'ffff'0000;
  const auto bytes = NumberOf<std::uint64_t>(WithoutNewline(text));
  if (!bytes) return Malformed();
  return *bytes < kUnlimited ? bytes : Limit{};
}

Fact<Limit> ParseMaxOrNumber(std::string_view text) {
  return OrMalformed(MaxOrNumber(WithoutNewline(text)));
}

Fact<CpuQuota> ParseCpuMax(std::string_view text) {
  text = WithoutNewline(text);
  const auto quota = MaxOrNumber(Cut(text, ' '));
  const auto period = NumberOf<std::uint64_t>(text);
  if (!quota || !period || *period == 0) return Malformed();
  return CpuQuota{.quota = *quota, .period = *period};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): both are texts, named by their files.
Fact<CpuQuota> ParseCfsQuota(std::string_view quota_text, std::string_view period_text) {
  const auto quota = NumberOf<std::int64_t>(WithoutNewline(quota_text));
  const auto period = NumberOf<std::uint64_t>(WithoutNewline(period_text));
  if (!quota || *quota < -1 || !period || *period == 0) return Malformed();
  return CpuQuota{.quota = *quota < 0 ? Limit{} : Limit{static_cast<std::uint64_t>(*quota)},
                  .period = *period};
}

Fact<std::uint64_t> ParseNumber(std::string_view text) {
  return OrMalformed(NumberOf<std::uint64_t>(WithoutNewline(text)));
}

Fact<std::uint64_t> ParseIoWeight(std::string_view text) {
  constexpr std::string_view kDefault = "default ";
  if (!text.starts_with(kDefault)) return ParseNumber(text);
  text.remove_prefix(kDefault.size());
  return OrMalformed(NumberOf<std::uint64_t>(Cut(text, '\n')));
}

Fact<bool> ParseOomKillDisabled(std::string_view text) {
  while (!text.empty()) {
    auto value = Cut(text, '\n');
    if (Cut(value, ' ') != "oom_kill_disable") continue;
    if (value != "0" && value != "1") return Malformed();
    return value == "1";
  }
  return Malformed();
}

Fact<bool> ParseZeroOrOne(std::string_view text) {
  text = WithoutNewline(text);
  if (text != "0" && text != "1") return Malformed();
  return text == "1";
}

Fact<std::vector<std::uint32_t>> ParseCpuList(std::string_view text) {
  std::vector<std::uint32_t> cpus;
  text = WithoutNewline(text);
  if (text.ends_with(',')) return Malformed();
  while (!text.empty()) {
    if (!AppendRange(Cut(text, ','), cpus)) return Malformed();
  }
  return cpus;
}

}  // namespace hullmark
