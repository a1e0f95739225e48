// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/keyed_hash.h"
#include "hullmark/fact_digests.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Everything counts that a document of the Snapshot has, but for what no check may go by. `key` is
// a secret of this process: whoever makes a container's facts must not know it.
FactDigests DigestFacts(const Snapshot& snapshot, HashKey key);

}  // namespace hullmark
