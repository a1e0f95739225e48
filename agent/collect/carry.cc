// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/carry.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "agent/collect/fact_tables.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// The index of a row in the other Snapshot; `move` makes it, the first time.
template <typename Index, typename Move>
Index MovedOnce(std::vector<std::optional<Index>>& moved, Index index, Move move) {
  auto& known = moved[static_cast<std::size_t>(index)];
  if (!known) known = move(static_cast<std::size_t>(index));
  return *known;
}

}  // namespace

Carry::Carry(const Snapshot& from, FactTables& to)
    : from_(from),
      to_(to),
      strings_(from.strings.size()),
      groups_(from.group_lists.size()),
      labels_(from.labels.size()),
      executables_(from.executables.size()),
      rlimits_(from.rlimits.size()),
      stdios_(from.stdios.size()),
      invocations_(from.invocations.size()) {}

StringId Carry::Over(StringId text) {
  return MovedOnce(strings_, text,
                   [&](std::size_t) { return to_.snapshot().strings.Intern(from_.Text(text)); });
}

GroupListIndex Carry::Over(GroupListIndex groups) {
  return MovedOnce(groups_, groups,
                   [&](std::size_t row) { return to_.Keep(from_.group_lists[row]); });
}

Fact<LabelIndex> Carry::Over(Fact<LabelIndex> label) {
  if (!label) return label;
  return MovedOnce(labels_, *label, [&](std::size_t row) {
    const Label& text = from_.labels[row];
    return to_.Keep(Label{.module = text.module, .text = Over(text.text)});
  });
}

Fact<ExecutableIndex> Carry::Over(Fact<ExecutableIndex> executable) {
  if (!executable) return executable;
  return MovedOnce(executables_, *executable, [&](std::size_t row) {
    Executable copy = from_.executables[row];
    copy.path = Over(copy.path);
    return to_.Keep(copy);
  });
}

Fact<RlimitsIndex> Carry::Over(Fact<RlimitsIndex> rlimits) {
  if (!rlimits) return rlimits;
  return MovedOnce(rlimits_, *rlimits,
                   [&](std::size_t row) { return to_.Keep(from_.rlimits[row]); });
}

Fact<StdioIndex> Carry::Over(Fact<StdioIndex> stdio) {
  if (!stdio) return stdio;
  return MovedOnce(stdios_, *stdio, [&](std::size_t row) { return to_.Keep(from_.stdios[row]); });
}

Fact<InvocationIndex> Carry::Over(Fact<InvocationIndex> invocation) {
  if (!invocation) return invocation;
  return MovedOnce(invocations_, *invocation, [&](std::size_t row) {
    Invocation copy = from_.invocations[row];
    copy.program = Over(copy.program);
    return to_.Keep(copy);
  });
}

Task Carry::Over(const Task& task) {
  Task copy = task;
  if (copy.status) copy.status->groups = Over(copy.status->groups);
  copy.label = Over(copy.label);
  copy.cgroup = Missing(ErrorCode::kNotRead);
  copy.filters = Missing(ErrorCode::kNotRead);
  return copy;
}

Process Carry::Over(const Process& process) {
  Process copy = process;
  copy.leader = Over(process.leader);
  copy.executable = Over(process.executable);
  copy.rlimits = Over(process.rlimits);
  copy.stdio = Over(process.stdio);
  copy.invocation = Over(process.invocation);
  return copy;
}

std::vector<Mount> Carry::Over(const std::vector<Mount>& mounts) {
  std::vector<Mount> copies = mounts;
  for (Mount& mount : copies) {
    for (StringId* const text :
         {&mount.root, &mount.mount_point, &mount.type, &mount.source, &mount.upper_dir}) {
      *text = Over(*text);
    }
  }
  return copies;
}

}  // namespace hullmark
