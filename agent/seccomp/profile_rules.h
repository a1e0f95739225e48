// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/seccomp/argument_set.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"

namespace hullmark {

// The rules of a call as a profile has them; what is answered with `rest` is left out. nullopt: a
// profile cannot say so, because the filter looks at what is no argument, computes, or asks for
// more than libseccomp (2.5) makes a faithful filter of: one answer besides `rest`, for one
// combination of arguments, or for several values of one argument.
std::optional<std::vector<ProfileRule>> ProfileRulesOf(const CallRules& rules, std::uint32_t rest,
                                                       ArgumentWidth width = ArgumentWidth::k64);

// What rules for 64 bits are for 32.
std::vector<ProfileRule> Narrow(std::vector<ProfileRule> rules);

}  // namespace hullmark
