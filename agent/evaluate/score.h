// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

// Adds what one finding costs and whether it is known; a control that does not apply, or that
// nobody judges, adds nothing. What is waived is known and costs nothing but in
// `exposure_unwaived`.
void AddFinding(Score& score, const Finding& finding);

// Gives the grade that the exposure earns, or none where too little is known.
void SetGrade(Score& score, const Scoring& scoring);

}  // namespace hullmark
