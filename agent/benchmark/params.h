// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/severity.h"

namespace hullmark {

// A sequence of capabilities, none of them twice.
CapSet ReadCaps(const YamlNode& node, FieldReader& reading);

// The name of a severity.
Severity ReadLevel(const YamlNode* node, FieldReader& reading);

// One value, of the type that `spec` says.
ParamValue ReadParam(const YamlNode& node, const ParamSpec& spec, FieldReader& reading);

// The mapping `params` of a control as values in the order of `specs`: exactly those names, each of
// its type. `node` may be null where `specs` is empty. `line` is the control's, for complaints.
Params ReadParams(const YamlNode* node, int line, std::span<const ParamSpec> specs,
                  FieldReader& reading);

}  // namespace hullmark
