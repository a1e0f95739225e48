// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "hullmark/comparison.h"
#include "hullmark/report.h"

namespace hullmark {

// What of a Report an earlier one did not say, for those who have accepted the earlier one.
struct News {
  const Comparison& comparison;
  std::set<const Finding*> findings{};            // Violations that are new, or more severe.
  std::set<const ContainerReport*> containers{};  // Of workloads that were not there.
  std::size_t resolved = 0, gone = 0;             // Violations; containers.
};

// `comparison` is of the report that is accepted with `report`. Both are borrowed.
News NewsOf(const Comparison& comparison, const Report& report);

// Why two looks may differ besides that the host changed, or seem to: sentences, none for two looks
// of the same kind.
std::vector<std::string> CaveatsOf(const Comparison& comparison);

// "2026-01-31 08:15:00 UTC" of a time as reports print it.
std::string TimeText(const std::string& rfc3339);

}  // namespace hullmark
