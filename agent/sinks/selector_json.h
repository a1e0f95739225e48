// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encode/json_writer.h"
#include "hullmark/selector.h"

namespace hullmark {

// A selector as an object with the keys of its YAML: lists of patterns, `label` a mapping, `uid` a
// number, `not` another selector.
void WriteSelector(JsonWriter& json, const Selector& selector);

}  // namespace hullmark
