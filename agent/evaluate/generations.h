// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// nullopt: it could not be told which process is the init.
std::optional<BootTicks> StartOfInit(const Snapshot& snapshot, const Container& container);

// Whether the host was booted since.
bool IsRebooted(const KnownState& state, const Snapshot& snapshot);

// Whether processes of the host may be missing from the scan.
bool IsIncomplete(const Snapshot& snapshot);

// For each container of the Report its position in `state.containers`; nullopt for a new one, which
// a known id with another start is too. A start that cannot be told contradicts none.
std::vector<std::optional<std::size_t>> FindKnown(const KnownState& state, const Snapshot& snapshot,
                                                  const Report& report);

// Whether a container that is in none of FindKnown's places is in the Snapshot all the same: it is
// not of those that are judged now.
bool IsLeftOut(const KnownContainer& known, const Snapshot& snapshot, const Report& report);

}  // namespace hullmark
