// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

struct ParsedStatus {
  ProcStatus facts;         // `groups` is left 0: the lists are a table of the collector.
  std::string_view groups;  // The value of Groups, for ParseGroups; lives as long as the text.
  std::string_view name;    // Chosen by the process; newline and backslash are escaped.
};

// Parses the whole of /proc/PID/status, see proc_pid_status(5). kMalformed when a line that every
// kernel prints (Uid, Gid, Groups, CapInh, CapPrm, CapEff, CapBnd) is missing, a line repeats or
// has not its documented form; lines unknown here are passed over.
Fact<ParsedStatus> ParseProcStatus(std::string_view text);

// The numbers of a Groups line in its order; at most the kernel's 65536, see getgroups(2).
Fact<std::vector<Gid>> ParseGroups(std::string_view groups);

}  // namespace hullmark
