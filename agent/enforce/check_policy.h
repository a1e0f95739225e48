// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/benchmark.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {

// Whether the rules fit the benchmark. Error, with the rule's place: a pattern that means no
// control; a control of the host; a freeze or kill for a control that is never reason enough, or
// for one that is so conditionally without a `select`; a kill_process for a control of whole
// containers; a kill_at_exec for one that is not IsBannable().
Result<void> CheckPolicy(const Policy& policy, const Benchmark& benchmark);

}  // namespace hullmark
