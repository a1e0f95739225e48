// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "agent/config/hooks.h"
#include "agent/sinks/page.h"

namespace hullmark {

// Says what each hook does; of secrets, where they are.
void DescribeHooks(Page& page, std::span<const Hook> hooks);

}  // namespace hullmark
