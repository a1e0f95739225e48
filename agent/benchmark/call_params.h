// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/call_groups.h"

namespace hullmark {

// Parameters that speak of system calls.

// "mount", "clone arg0 & 0x7e020000" (any of the bits is set), "socket arg0 = 38, 40" (one of
// them), "personality arg0 != 0, 8" (none of them). Conditions are about the low 32 bits, which is
// where the kernel looks for flags and numbers of families. nullopt: it is none, or no ABI has the
// call.
std::optional<CallUse> ParseCallUse(std::string_view text);

std::vector<CallGroup> ReadCallGroups(const YamlNode& node, FieldReader& reading);
std::vector<CallFamily> ReadCallFamilies(const YamlNode& node, FieldReader& reading);

}  // namespace hullmark
