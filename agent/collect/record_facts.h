// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/bpf/task_record.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a record says, in the words of the files of /proc that show the same.

// `shape`: a status that this kernel printed; what is absent there is absent here. Groups are left
// 0, see GroupsOf.
ProcStatus StatusOf(const TaskRecord& record, const ProcStatus& shape);
ProcStat StatOf(const TaskRecord& record);
Namespaces NamespacesOf(const TaskRecord& record);
Rlimits RlimitsOf(const TaskRecord& record);

// As ParsedStat::image.
std::uint64_t ImageOf(const TaskRecord& record);

// nullopt: more than a record holds.
std::optional<std::vector<Gid>> GroupsOf(const TaskRecord& record);
// Those that a record holds: all, or the first.
std::vector<Gid> SomeGroupsOf(const TaskRecord& record);
std::optional<IdMap> IdMapOf(const RecordIdMap& map);

// Whether the task has ended, or is about to: what is left of it is no process.
bool HasEnded(const TaskRecord& record);

}  // namespace hullmark
