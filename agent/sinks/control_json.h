// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encode/json_writer.h"
#include "hullmark/benchmark.h"

namespace hullmark {

// The members that a report carries of a control, into the object that is open.
void WriteControlSummary(JsonWriter& json, const Control& control);

// One object with all that the benchmark says of a control.
void WriteControlObject(JsonWriter& json, const Control& control);

// {"id","version","sha256","title"} of a benchmark.
void WriteBenchmarkObject(JsonWriter& json, const Benchmark& benchmark);

}  // namespace hullmark
