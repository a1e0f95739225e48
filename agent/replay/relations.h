// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/replay/digest_writer.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What a container is to others, and others are to it, by index.
struct Relations {
  // Who it is and what it lies inside of: no two of one Snapshot are the same.
  std::vector<std::uint64_t> selves;
  // Who else uses the namespaces of its tasks, as NamespaceUsers has them. The host's are left out
  // where that they are the host's is known for certain: nobody asks who shares those.
  std::vector<std::uint64_t> neighbours;
  std::uint64_t unread = 0;  // Of all: whose namespaces could not be read.
};

// `rows` has the digests of strings.
Relations RelationsOf(const Snapshot& snapshot, HashKey key, const RowDigests& rows);

}  // namespace hullmark
