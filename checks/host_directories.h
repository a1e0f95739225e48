// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/check.h"

namespace hullmark {

// FS-002 and FS-003: the host's directories in a container. FilesystemChecks() lists them.

inline constexpr ParamSpec kHostRootParams[] = {{"ro_weight", ParamType::kInteger}};
inline constexpr ParamSpec kHostDirectoryParams[] = {
    {"paths", ParamType::kStrings},     {"runtime_generated", ParamType::kGlobs},
    {"allow", ParamType::kGlobs},       {"small", ParamType::kMountRules},
    {"ro_weight", ParamType::kInteger}, {"small_weight", ParamType::kInteger},
};

Verdict NoHostRoot(const ContainerView& view, const Params& params, EvidenceOut out);
Verdict NoSensitiveHostDirectories(const ContainerView& view, const Params& params,
                                   EvidenceOut out);

}  // namespace hullmark
