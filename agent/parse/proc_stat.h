// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/result.h"

namespace hullmark {

struct ParsedStat {
  ProcStat facts;
  std::uint32_t thread_count = 0;  // Field 20.
  // Mixed from the addresses of the program image (fields 26-28 and 45-47): another number means
  // an exec between two reads, or that the process moved them, see PR_SET_MM in prctl(2). Those of
  // arguments and environment are left out: programs that set their title write them. 0 for readers
  // without ptrace access, to whom the kernel does not show them.
  std::uint64_t image = 0;
};

// ParsedStat::image of these addresses, in the order of their fields.
std::uint64_t MixImage(std::span<const std::uint64_t> addresses);

// Parses the whole of /proc/PID/stat, see proc_pid_stat(5). The name in it may hold spaces,
// parentheses and newlines; fields begin after the last ')'. kMalformed when it ends before field
// 28 or a field read here is no number of its type.
Fact<ParsedStat> ParseProcStat(std::string_view text);

}  // namespace hullmark
