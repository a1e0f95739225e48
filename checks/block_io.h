// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hullmark/check.h"

namespace hullmark {

// RES-011 to RES-014: what a container may do to the disks that back its writable mounts.
// ResourceChecks() lists them.

inline constexpr std::string_view kDirections[] = {"read", "write"};
inline constexpr ParamSpec kBandwidthParams[] = {
    {"directions", ParamType::kStrings, kDirections},
    {"accept_ancestor", ParamType::kBool},
};
inline constexpr ParamSpec kOperationsParams[] = {{"accept_ancestor", ParamType::kBool}};

Verdict IoWeightAssigned(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict IoBandwidthLimited(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict ReadOperationsLimited(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict WriteOperationsLimited(const ContainerView& view, const Params& params, EvidenceOut out);

}  // namespace hullmark
