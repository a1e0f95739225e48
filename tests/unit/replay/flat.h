// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/snapshot.h"

namespace hullmark {

// Every field of a snapshot as "name=value;" in order, texts as their bytes: two snapshots are
// equal if and only if these are. Knows nothing of JSON.
std::string Flat(const Snapshot& snapshot);

}  // namespace hullmark
