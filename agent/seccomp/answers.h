// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hullmark/filter_report.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What becomes of every call on every ABI of the machine.
std::vector<AbiAnswers> AnswersOf(const FilterRules& rules, Machine machine);

}  // namespace hullmark
