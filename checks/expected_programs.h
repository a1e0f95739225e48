// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Whether there is something to judge programs by: a pass, else why there is not.
Verdict HasBaseline(const Container& container, const std::vector<Glob>& baseline);

// Where there is: whether a program of the container is one that it was made to run, by `baseline`
// or, where that is empty, by what it was seen to run while that was learned. A program of which no
// more than its name was told is judged by that.
Verdict IsExpected(const TaskView& view, const Executable& executable,
                   const std::vector<Glob>& baseline, EvidenceOut out);

}  // namespace hullmark
