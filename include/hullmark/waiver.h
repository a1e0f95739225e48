// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/selector.h"

namespace hullmark {

// A violation that somebody answers for until a date. It never hides evidence: the finding is
// listed as waived, and the score without waivers is reported beside.
struct Waiver {
  Glob control;  // Of control ids.
  Selector select{};
  std::string reason{}, owner{}, ticket{};
  Timestamp expires{};  // It holds before this time.
  bool allow_critical = false;
  std::string source{};  // "FILE:LINE", for reports.
};

}  // namespace hullmark
