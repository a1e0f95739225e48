// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/benchmark.h"
#include "hullmark/event.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A finished Report with what it refers to. Borrowed.
struct JudgedScan {
  const Snapshot& snapshot;
  const Benchmark& benchmark;
  const Report& report;
};

struct ChangeOptions {
  int debounce = 2;                                 // Scans; below 1 counts as 1.
  std::int64_t hold_nanoseconds = 600'000'000'000;  // Of violations whose processes are gone.
};

struct Changes {
  std::vector<Event> events{};  // Ids continue KnownState::last_id without gaps.
  bool moved = false;  // The state differs in more than times and proof: worth writing down.
};

// Report -> events. Pure: `state` is all that is remembered of earlier scans.
//
// - Containers appear and go at once, but for one that no runtime has named yet: it appears in the
//   scan that shows its name, or is the debounce-th to show it, or shows that it is gone. Events
//   carry what was told of it last. One that is missing from a scan that could not see all
//   processes (too many, unreadable ones, hidden ones) is not gone, unless another has its id or
//   1,000 went missing after it. Another start of its init, or another boot, is another container.
// - One that still is in the Snapshot and is judged no more, by `classes` or `select`, is forgotten
//   without a word: nothing of it was mended. Once it is judged again, it appears anew.
// - What a control or grade says is announced when `debounce` scans in a row say so; what changes
//   back before that is never heard of. So a violation of a new container is announced by the scan
//   that shows the container with debounce 1, by the next one with 2.
// - A control that failed and cannot be read stays failing (stale) until it is read again: nobody
//   gets rid of a violation by hiding it. "control_unknown" is of what did not fail, was judged
//   before and was known.
// - A process control whose recorded offenders are not all alive and passing is not mended: it
//   stays failing (recent) until `hold` after the last failure; the time between two scans counts
//   for half of that at most, so that a clock that is set forward ends no hold. Before it is
//   announced, such scans count neither for nor against it: a job that fails for a moment every
//   minute is announced when it is seen the second time. Once `hold` is over, or when an offender
//   lives on and passes, the usual number of scans decides. A waiver resolves without hold.
// - A container that is gone resolves its violations at once, "violation_resolved" before
//   "container_gone"; nothing of it is kept.
// - Grades are those of the exposure with stale and recent violations at their last price.
// - A scan with the taken_at of the one before is that one: it changes nothing.
//
// Order: containers that are gone, the host, then containers in the Report's order, each with its
// controls in the benchmark's order and its grade last. Texts longer than 512 bytes are cut.
Changes Update(KnownState& state, const JudgedScan& scan, const ChangeOptions& options);

}  // namespace hullmark
