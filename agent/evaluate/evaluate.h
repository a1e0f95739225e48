// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/glob.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

struct EvaluateOptions {
  std::vector<Glob> select = {};  // Container names or ids; empty: all.
  std::vector<ContainerClass> classes = {ContainerClass::kContainer, ContainerClass::kVm};
  std::optional<Timestamp> at =
      std::nullopt;            // Judge expiries at this time; nullopt: at the snapshot's.
  std::uint32_t examples = 3;  // Lines of evidence per finding.
};

// Whether a pattern of --select means a container: by its name, its id or the short form of that.
bool IsMeant(const Glob& pattern, const Snapshot& snapshot, const Container& container);

// Snapshot x Benchmark -> Report. Pure: same input, same Report. Process checks run on every task
// of every member and the worst decides; container checks once; host checks once.
Report Evaluate(const Snapshot& snapshot, const Benchmark& benchmark,
                const EvaluateOptions& options);

}  // namespace hullmark
