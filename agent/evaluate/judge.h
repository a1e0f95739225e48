// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/evaluate/subject.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/report.h"

namespace hullmark {

// What a control comes to on a subject: the verdicts of all its tasks, folded worst first.
struct Judgement {
  Status status = Status::kNotApplicable;
  Severity severity = Severity::kInfo;
  MilliPoints points = 0;        // The costliest verdict, unknown at its price.
  MilliPoints points_known = 0;  // The costliest fail.
  std::int32_t weight = 0;       // The control's own price in points.
  bool whole = true;             // No unknown can cost more than what is known.
  bool at_own_price = false;     // A fail without a price of its own, or unknown.
  std::uint32_t offenders = 0;   // Verdicts that say fail; where none does, unknown.
  std::string_view note{};
  std::vector<std::uint32_t> examples{};  // Verdicts worth proving, the costliest first.
};

// Fail outranks unknown, unknown outranks pass, pass outranks not applicable; the points are those
// of the costliest verdict, whatever its rank. `own` is the price of verdicts that name none. Time
// proportional to the runs of tasks; allocates for examples only. `proof` gets the evidence where
// there is one verdict in all, so that nobody has to ask for it again.
Judgement Judge(const Subject& subject, const Control& control, const Price& own,
                const Scoring& scoring, std::uint32_t most_examples, std::vector<Evidence>& proof);

}  // namespace hullmark
