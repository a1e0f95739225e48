// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

inline constexpr std::string_view kSnapshotSchema = "hullmark.snapshot/1";

// Writes everything a Report can depend on as one JSON document. Exact: reading it back gives an
// equal Snapshot, so that a Report made elsewhere is the same byte for byte.
void WriteSnapshot(const Snapshot& snapshot, const ByteSink& sink);

// Reads such a document. Untrusted: types, ranges, indices and sizes are checked; another schema
// version, a missing or unknown member is an error with the JSON pointer of its place.
Result<Snapshot> ReadSnapshot(std::string_view text);

}  // namespace hullmark
