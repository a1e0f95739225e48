// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"

namespace hullmark {

// Milli-points with one decimal, with three where one would round them.
void WritePoints(JsonWriter& json, std::string_view key, MilliPoints points);

// The members of a score, into the object that is open.
void WriteScore(JsonWriter& json, const Score& score, const Scoring& scoring);

}  // namespace hullmark
