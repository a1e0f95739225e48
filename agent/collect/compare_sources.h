// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "agent/collect/collect.h"
#include "agent/collect/compare_tasks.h"
#include "agent/collect/record_scan.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A status as this kernel prints it, see StatusOf: our own.
Result<ProcStatus> ShapeOfStatus(const Roots& roots, const CollectOptions& options);

// Looks at all processes through records and through /proc, and tells what differs. Processes live
// on while we look: those that differ are looked at again, by both, up to four times. Told is what
// both said twice in a row. Error: as Collect, or of `records`.
Result<TaskComparison> CompareSources(const Roots& roots, const CollectOptions& options,
                                      const RecordReader& records);

// The same of some processes, `sample`, ascending, and of a look through records that was taken
// just now.
Result<TaskComparison> CompareSample(const Roots& roots, const CollectOptions& options,
                                     const RecordReader& records, const Snapshot& taken,
                                     std::span<const Pid> sample);

}  // namespace hullmark
