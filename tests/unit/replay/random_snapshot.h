// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "hullmark/snapshot.h"

namespace hullmark {

// A consistent snapshot whose every field is random and whose texts are hostile; tables have 1 to
// `most_rows` rows. The same seed gives the same snapshot.
Snapshot RandomSnapshot(std::uint64_t seed, std::size_t most_rows);

}  // namespace hullmark
