// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hullmark/snapshot.h"

namespace hullmark {

// Changes one field, of any record, to another value that its type can have: an index points to
// another row, a fact becomes a fault or the other way round. Indices stay within their tables. The
// same seed does the same.
void Mutate(Snapshot& snapshot, std::uint64_t seed);

}  // namespace hullmark
