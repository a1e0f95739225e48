// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string_view>

#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// A profile of which a runtime makes filters that answer every call that has a name as `rules` do;
// where it cannot, `departures` say so.
SeccompProfile ProfileOf(const FilterRules& rules, Machine machine);

// The same for these calls alone; all others are refused with EPERM.
SeccompProfile ProfileOfOnly(const FilterRules& rules, Machine machine,
                             const std::set<std::string_view>& calls);

}  // namespace hullmark
