// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "hullmark/action.h"

namespace hullmark {

// What came of an action that was not done.
inline ActionOutcome Aborted(std::string why) {
  return {.result = ActionResult::kAborted, .text = std::move(why)};
}
inline ActionOutcome Failed(std::string why) {
  return {.result = ActionResult::kFailed, .text = std::move(why)};
}

}  // namespace hullmark
