// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"

namespace hullmark {

// RES-001 to RES-005: what a container may take of the host's memory. ResourceChecks() lists them.

inline constexpr ParamSpec kMemoryLimitParams[] = {
    {"max_fraction", ParamType::kFraction},
    {"accept_ancestor", ParamType::kBool},
    {"accept_high", ParamType::kBool},
};
inline constexpr ParamSpec kOomParams[] = {
    {"min_adj", ParamType::kInteger},
    {"kubernetes_min_adj", ParamType::kInteger},
    {"infra_min_adj", ParamType::kInteger},
};

Verdict MemoryLimited(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict MemoryReserved(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict SwapLimited(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict KernelMemoryAccounted(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict KillableWhenMemoryIsShort(const ContainerView& view, const Params& params, EvidenceOut out);

}  // namespace hullmark
