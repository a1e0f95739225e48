// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "agent/seccomp/walk.h"
#include "hullmark/seccomp.h"

namespace hullmark {

// Makes the rules of an architecture of ranges, neighbours with the same rules being one.
class RangeTable {
 public:
  explicit RangeTable(std::uint32_t arch) { rules_.arch = arch; }

  // `range` begins after the one before; the first one at 0, the last one ends with all numbers.
  void Add(NumberRange range, const CallRules& rules);

  bool IsFull() const;
  ArchRules Close() &&;

 private:
  ArchRules rules_;
  std::map<CallRules, std::uint32_t> rows_;
};

}  // namespace hullmark
