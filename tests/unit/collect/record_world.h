// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/bpf/task_record.h"
#include "tests/unit/collect/world.h"

namespace hullmark {

// What a look reads of itself and of the host: not a process that it lists.
void AddOwnProcess(const CollectWorld& world);

// All files of a process.
void AddRecordedProcess(const CollectWorld& world, int pid, int image = 1);

// The record that says what these files say.
TaskRecord RecordOf(int pid);

}  // namespace hullmark
