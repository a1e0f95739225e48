// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/config/config.h"
#include "agent/sinks/page.h"
#include "hullmark/benchmark.h"

namespace hullmark {

// Says in words what the site's policy will do, and to whom nothing is ever done. Nothing where it
// has no rules and is off.
void DescribePolicy(Page& page, const Config& site, const Benchmark& benchmark);

}  // namespace hullmark
