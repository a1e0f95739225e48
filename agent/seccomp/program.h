// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hullmark/result.h"
#include "hullmark/seccomp.h"

namespace hullmark {

// A program that the kernel would take for a filter: no loops, no jump or load out of bounds, an
// answer at every end. See seccomp_check_filter() of kernel/seccomp.c and bpf_check_classic() of
// net/core/filter.c.
class FilterProgram {
 public:
  // Error: kMalformed, with the instruction and what is wrong with it.
  static Result<FilterProgram> Of(std::vector<FilterInstruction> instructions);

  std::span<const FilterInstruction> instructions() const { return instructions_; }

 private:
  explicit FilterProgram(std::vector<FilterInstruction> instructions);

  std::vector<FilterInstruction> instructions_;
};

}  // namespace hullmark
