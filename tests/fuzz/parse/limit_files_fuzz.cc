// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "agent/parse/limit_files.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// One input through every limit file: no parser invents a limit, sizes stay bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  const auto number = ParseNumber(text);
  const auto max = ParseMaxOrNumber(text);
  const auto memory = ParseMemoryV1(text);
  Require(Honest(number) && Honest(max) && Honest(memory));
  Require(number.has_value() == memory.has_value());
  if (number) Require(max && *max == *number && ParseIoWeight(text) == *number);
  if (memory && *memory) Require(**memory == *number && **memory < (std::uint64_t{1} << 63));

  for (const auto& quota :
       {ParseCpuMax(text), ParseCfsQuota(text, "100000"), ParseCfsQuota("-1", text)}) {
    Require(Honest(quota) && (!quota || quota->period > 0));
  }
  const auto cpus = ParseCpuList(text);
  Require(Honest(cpus));
  if (cpus) {
    Require(std::ranges::is_sorted(*cpus) && std::ranges::adjacent_find(*cpus) == cpus->end());
    Require(cpus->empty() || cpus->back() < 8192);
  }
  const auto limits = ParseIoMax(text);
  Require(Honest(limits) && Honest(ParseThrottle(text)));
  if (limits) Require(ParseIoMax(PrintIoMax(*limits)) == *limits);
  Require(Honest(ParseOomKillDisabled(text)) && Honest(ParseZeroOrOne(text)));
  return 0;
}
