// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// HST-005: what the kernel does with the memory of a crashed process, in any container; see
// core(5). HostChecks() lists it.

inline constexpr ParamSpec kCoreDumpParams[] = {
    {"trusted_helpers", ParamType::kStrings},
    {"suid_dumpable_ok", ParamType::kIntegers},
};

Verdict CoreDumpsSafe(const Snapshot& snapshot, const Params& params, EvidenceOut out);

}  // namespace hullmark
