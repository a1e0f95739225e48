// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a snapshot may not say although each record is well formed: tables out of the order that
// look-ups rely on, cgroups or containers that contain themselves. Indices are in range already.
std::optional<Error> FindContradiction(const Snapshot& snapshot);

}  // namespace hullmark
