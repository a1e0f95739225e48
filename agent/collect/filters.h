// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "agent/bpf/filter_reader.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Copies the filters of this kernel's tasks, see FilterReader::Read.
using FilterSource = std::function<Result<FilterRecords>()>;

// Tells of the tasks in filter mode what their filters are. `records` were read after the tasks:
// who has begun, ended or added a filter meanwhile is kVanished, one with more filters than are
// copied kTruncated. A thread that differs from its leader in nothing else becomes a record of its
// own; past `most_threads` they count as unread.
void AddFilters(const FilterRecords& records, std::size_t most_threads, Snapshot& snapshot);

// Says of all tasks in filter mode that their filters could not be read. Returns how many there
// are.
std::size_t DenyFilters(Fault fault, Snapshot& snapshot);

}  // namespace hullmark
