// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/enforce/action_book.h"
#include "hullmark/policy.h"

namespace hullmark {

struct EnforcementLine {
  EnforceMode mode = EnforceMode::kOff;
  std::int32_t budget_remaining = 0;
  std::string breaker{};  // "": closed.
};

// {"schema": "hullmark.actions/1", "mode", "budget_remaining", "breaker", "actions": [...]}, the
// newest first.
std::string ActionsDocument(const EnforcementLine& line, const ActionBook& book);

}  // namespace hullmark
