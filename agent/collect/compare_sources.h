// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "agent/collect/collect.h"
#include "agent/collect/compare.h"
#include "agent/collect/record_scan.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A status as this kernel prints it, see StatusOf: our own.
Result<ProcStatus> ShapeOfStatus(const Roots& roots, const CollectOptions& options);

// Looks at processes through records and through /proc, and tells what differs. Processes live on
// while we look, so what differs is looked at again, by both, up to five times; told is what
// differed each time. `sample`: ascending; empty: all. `first`: a look through records that was
// taken just now, or null. Error: as Collect, or of `records`.
Result<SourceComparison> CompareSources(const Roots& roots, const CollectOptions& options,
                                        const RecordReader& records, std::span<const Pid> sample,
                                        const Snapshot* first);

}  // namespace hullmark
