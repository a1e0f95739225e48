// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// HST-015: what the kernel must offer for the other controls to mean anything. What they call not
// applicable for want of a feature is charged here, once. HostChecks() lists it.

inline constexpr ParamSpec kFeatureParams[] = {
    {"min_kernel", ParamType::kVersions},
    {"namespaces", ParamType::kStrings, kNamespaceNames},
    {"controllers", ParamType::kStrings, kControllerNames},
};

Verdict IsolationFeaturesPresent(const Snapshot& snapshot, const Params& params, EvidenceOut out);

}  // namespace hullmark
