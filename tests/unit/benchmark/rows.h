// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "hullmark/check.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Rows for tests/fuzz/corpus/benchmark_fuzz/small.yaml: each scope, each type of parameter.

inline Verdict JudgeTask(const TaskView& /*view*/, const Params& /*params*/, EvidenceOut /*out*/) {
  return {.outcome = Outcome::kPass};
}
inline Verdict JudgeContainer(const ContainerView& /*view*/, const Params& /*params*/,
                              EvidenceOut /*out*/) {
  return {.outcome = Outcome::kPass};
}
inline Verdict JudgeHost(const Snapshot& /*snapshot*/, const Params& /*params*/,
                         EvidenceOut /*out*/) {
  return {.outcome = Outcome::kPass};
}

inline constexpr std::array<std::string_view, 3> kWords = {"one", "2", "three"};
inline constexpr std::array<ParamSpec, 1> kVersions = {{{"least", ParamType::kVersions}}};
inline constexpr std::array<ParamSpec, 12> kOfEachType = {{
    {"flag", ParamType::kBool},
    {"count", ParamType::kInteger},
    {"part", ParamType::kFraction},
    {"caps", ParamType::kCaps},
    {"words", ParamType::kStrings, kWords},
    {"numbers", ParamType::kIntegers},
    {"paths", ParamType::kGlobs},
    {"mounts", ParamType::kMountRules},
    {"devices", ParamType::kDevices},
    {"level", ParamType::kSeverity},
    {"groups", ParamType::kCallGroups},
    {"families", ParamType::kCallFamilies},
}};

inline const std::array<Check, 3> kRows = {{
    {"PRC-001", &JudgeTask, kOfEachType},
    {"CTR-001", &JudgeContainer, {}},
    {"HST-001", &JudgeHost, kVersions},
}};

}  // namespace hullmark
