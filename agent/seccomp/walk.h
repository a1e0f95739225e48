// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "agent/seccomp/program.h"
#include "hullmark/seccomp.h"

namespace hullmark {

// Numbers of calls, both ends included.
struct NumberRange {
  std::uint32_t first = 0, last = 0;
};

// The program does not treat all numbers of a range alike: it may those below `number` and those
// from it on.
struct SplitAt {
  std::uint32_t number = 0;  // Within the range, and not its first.
};

// Instructions that may still be looked at. What is left out is said to be unknown.
struct WalkBudget {
  std::size_t steps = 0;
};

// Follows every way through the program that numbers of `range` on `arch` can take, whatever the
// arguments. Ways that end alike are one rule; arguments that contradict each other are no way.
// Where the filter computes what a WordTest cannot say, or asks for too much, the rules are not
// certain.
std::variant<CallRules, SplitAt> Walk(const FilterProgram& program, std::uint32_t arch,
                                      NumberRange range, WalkBudget& budget);

}  // namespace hullmark
