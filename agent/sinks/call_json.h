// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encode/json_writer.h"
#include "hullmark/call_groups.h"

namespace hullmark {

// What a benchmark says of system calls, as objects with its own keys.
void WriteCallGroup(JsonWriter& json, const CallGroup& group);
void WriteCallFamily(JsonWriter& json, const CallFamily& family);

}  // namespace hullmark
