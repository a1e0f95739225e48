// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/evaluate/judge.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

// Adds what one control costs and whether it is known; a control that does not apply, or that
// nobody judges, adds nothing. What is waived is known and costs nothing but in
// `exposure_unwaived`.
void AddControl(Score& score, const Judgement& judgement, bool waived);

// Gives the grade that the exposure earns, or none where too little is known.
void SetGrade(Score& score, const Scoring& scoring);

}  // namespace hullmark
