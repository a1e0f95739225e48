// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/evaluate/known_state.h"
#include "hullmark/check.h"
#include "hullmark/event.h"

namespace hullmark {

// What one scan says of one control of one subject.
struct ControlLook {
  Standing standing = Standing::kQuiet;
  Severity severity = Severity::kInfo;  // Of a failing one.
  bool stale = false;                   // Failing because it was, and cannot be read.
  bool held = false;                    // Quiet, but not mended.
  bool over = false;  // Failing by a process that has ended: no later look can bear it out.
};

// Counts a look and says what is to be announced now, if anything; `debounce` is below 256.
// Afterwards `known.failure` is there only while it is failing or may be about to.
std::optional<EventKind> CountLook(KnownControl& known, const ControlLook& look, int debounce);

// Whether they differ in more than times and proof.
bool Moved(const KnownControl& before, const KnownControl& after);

// Whether a control that stands like this need not be remembered.
bool IsSettled(const KnownControl& known);

}  // namespace hullmark
