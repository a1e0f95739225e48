// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "hullmark/caps.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What runtimes do with filters.

// Calls that a runtime makes between installing a container's filter and executing its program
// (runc, which is written in Go, and crun): a profile without them starts nothing.
std::span<const std::string_view> CallsOfRuntimes();

// `bounding`: docker's default permits more to containers that were given more.
ProfileDistance DistanceToDefault(const FilterRules& rules, Machine machine, CapSet bounding);

}  // namespace hullmark
