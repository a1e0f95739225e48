// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {

struct EvaluateOptions {
  std::vector<Glob> select = {};  // Container names or ids; empty: all.
  Selector site = {};             // Of those, the containers that the site wants judged.
  std::vector<ContainerClass> classes = {ContainerClass::kContainer, ContainerClass::kVm};
  std::optional<Timestamp> at =
      std::nullopt;            // Judge expiries at this time; nullopt: at the snapshot's.
  std::uint32_t examples = 3;  // Lines of evidence per finding.
  std::span<const Waiver> waivers = {};
};

// Whether a pattern of --select means a container: by its name, its id or the short form of that.
bool IsMeant(const Glob& pattern, const Snapshot& snapshot, const Container& container);

// Snapshot x Benchmark -> Report. Pure: same input, same Report. Process checks run on every task
// of every member and the worst decides; container checks once; host checks once.
//
// A fail that a waiver covers at the time of judgement is `waived`: it costs nothing in `exposure`
// and what it would in `exposure_unwaived`; its evidence stays, and it still makes the controls
// dearer that it escalates. Not covered are unknowns, a fail beside which an unknown could cost
// more, and what is critical (the control or the finding) without `allow_critical`. Findings of the
// host are covered by waivers that select everything.
Report Evaluate(const Snapshot& snapshot, const Benchmark& benchmark,
                const EvaluateOptions& options);

}  // namespace hullmark
