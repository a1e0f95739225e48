// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/bpf/filter_memory.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The programs of a task's filters, the newest first, as ptrace(2) tells them.
//
// Harm: the task stops, for some 20 us and sometimes for milliseconds, and calls in which it waits
// (epoll_wait, and others that no signal handler restarts) return EINTR. Only for whoever was asked
// to. Errors: kDenied, without CAP_SYS_ADMIN, with a filter of our own, or where somebody traces it
// already; kVanished; kUnsupported, a kernel without CONFIG_CHECKPOINT_RESTORE.
Result<std::vector<FilterCode>> AskByStopping(Pid tid);

// Asks those of these processes, and of their threads, whose filters are not known, and puts what
// they say into the Snapshot; to be decoded. The first error is returned, and all are asked.
Result<void> AskProcesses(const std::vector<ProcessIndex>& processes, Snapshot& snapshot);

}  // namespace hullmark
