// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"

namespace hullmark {

// FS-004 to FS-007: what a container sees and may write of the kernel's own file systems.
// FilesystemChecks() lists them.

inline constexpr ParamSpec kKernelFilesystemParams[] = {
    {"deny_fstypes", ParamType::kStrings},
    {"ro_weight", ParamType::kInteger},
};
inline constexpr ParamSpec kMaskParams[] = {
    {"required", ParamType::kGlobs},
    {"recommended", ParamType::kGlobs},
    {"recommended_weight", ParamType::kInteger},
};
inline constexpr ParamSpec kTunablesParams[] = {
    {"paths", ParamType::kStrings},
    {"userns_weight", ParamType::kInteger},
};
inline constexpr ParamSpec kSysParams[] = {{"delegated_weight", ParamType::kInteger}};

Verdict NoHostKernelFilesystems(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict KernelFilesMasked(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict KernelTunablesReadOnly(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict SysAndCgroupReadOnly(const ContainerView& view, const Params& params, EvidenceOut out);

}  // namespace hullmark
