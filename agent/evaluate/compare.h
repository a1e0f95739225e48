// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/comparison.h"
#include "hullmark/posture.h"

namespace hullmark {

// Two looks -> what differs. Pure. What a change is called is as in the agent's events (Update),
// but nothing is waited for: two documents are all there is.
//
// - A container is the one of before that has its id, else its name (pod), else one of its workload
//   that no other was taken for, see agent/evaluate/workload.h. One more of a known workload is
//   `added`, and compared with the first of those: what all of its kind have is no news.
// - A violation that is waived, switched off or passes now is resolved; one that cannot be read now
//   is "control_unknown", never resolved. What fails and was not judged before has appeared; what
//   is unknown and was not judged before is no news.
// - A container is gone only where the later report was asked for it.
Comparison Compare(Posture before, Posture after);

}  // namespace hullmark
