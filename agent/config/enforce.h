// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/policy.h"

namespace hullmark {

// The `enforce` key of the configuration; `name` is the file's. Refused with a place: what would
// loosen the policy, a rule for class pause, a step that this version cannot take.
Policy ReadPolicy(const YamlNode* node, std::string_view name, FieldReader& reading);

}  // namespace hullmark
