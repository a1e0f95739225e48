// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/seccomp/program.h"
#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What a program answers to every number on every architecture of `machine`. Past `budget` numbers
// are unknown; the low ones come first.
FilterRules RulesOf(const FilterProgram& program, Machine machine, WalkBudget& budget);

// What filters answer together, as the kernel takes their answers. Both are of one machine; `newer`
// is the one that was installed later.
FilterRules Together(const FilterRules& newer, const FilterRules& older);

}  // namespace hullmark
