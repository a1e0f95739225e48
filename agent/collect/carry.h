// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "agent/collect/fact_tables.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Takes records of one Snapshot over into another: what they refer to gets a row there, once.
class Carry {
 public:
  // Both outlive it; `from` stays as it is.
  Carry(const Snapshot& from, FactTables& to);

  // But for the cgroup, which is kNotRead: where a process is, others decide at any time. So are
  // filters, which are joined to what was read.
  Task Over(const Task& task);
  Process Over(const Process& process);
  std::vector<Mount> Over(const std::vector<Mount>& mounts);

 private:
  template <typename Index>
  using Moved = std::vector<std::optional<Index>>;  // By the index in `from`.

  StringId Over(StringId text);
  GroupListIndex Over(GroupListIndex groups);
  Fact<LabelIndex> Over(Fact<LabelIndex> label);
  Fact<ExecutableIndex> Over(Fact<ExecutableIndex> executable);
  Fact<RlimitsIndex> Over(Fact<RlimitsIndex> rlimits);
  Fact<StdioIndex> Over(Fact<StdioIndex> stdio);
  Fact<InvocationIndex> Over(Fact<InvocationIndex> invocation);

  const Snapshot& from_;
  FactTables& to_;
  Moved<StringId> strings_;
  Moved<GroupListIndex> groups_;
  Moved<LabelIndex> labels_;
  Moved<ExecutableIndex> executables_;
  Moved<RlimitsIndex> rlimits_;
  Moved<StdioIndex> stdios_;
  Moved<InvocationIndex> invocations_;
};

}  // namespace hullmark
