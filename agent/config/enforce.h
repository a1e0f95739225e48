// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/hooks.h"
#include "hullmark/policy.h"

namespace hullmark {

// The `enforce` key of the configuration; `name` is the file's. Refused with a place: what would
// loosen the policy, a rule for class pause, a hook that is not one of `hooks` or could not be told
// of an action, a step that this version cannot take.
Policy ReadPolicy(const YamlNode* node, std::span<const Hook> hooks, std::string_view name,
                  FieldReader& reading);

}  // namespace hullmark
