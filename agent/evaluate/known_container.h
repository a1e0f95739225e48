// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/evaluate/known_state.h"
#include "hullmark/event.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What is kept of a text of others: at most 512 bytes, not ending within a UTF-8 sequence.
std::string_view CutKnownText(std::string_view text);

// Takes over what a scan says of a container. What a runtime has told holds while it tells nothing:
// it may be about to write its file anew. Returns whether a name is another.
bool Refresh(KnownContainer& known, const Snapshot& snapshot, const Container& container);

// Runtimes write down what a container is called when it runs already: a scan may be earlier.
bool MayBeNamed(const KnownContainer& known);
// Whether it is so young, by its init's start, that it is not spoken of without a name, however
// many scans there were.
bool AwaitsName(const KnownContainer& known, const Snapshot& snapshot);

// An event that is about a container; nullptr: about the host.
Event Describe(EventKind kind, const KnownContainer* container);

}  // namespace hullmark
