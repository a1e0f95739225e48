// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/evaluate/judge.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

// Adds what one control costs and whether it is known; a control that does not apply adds nothing.
void AddControl(Score& score, const Judgement& judgement);

// Gives the grade that the exposure earns, or none where too little is known.
void SetGrade(Score& score, const Scoring& scoring);

}  // namespace hullmark
