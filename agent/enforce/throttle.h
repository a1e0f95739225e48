// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/policy.h"

namespace hullmark {

// What has to be written for a throttle, read from the container's own cgroups as they are now.
struct ThrottlePlan {
  std::vector<LimitChange> changes{};
  std::vector<std::string> notes{};  // What is not done, and why: tighter already, no such file.
};

ThrottlePlan PlanThrottle(const Throttle& throttle, const Confirmed& confirmed);

}  // namespace hullmark
