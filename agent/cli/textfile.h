// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/sinks/report_sinks.h"
#include "hullmark/result.h"

namespace hullmark {

// Writes the metrics of one look as `directory`/hullmark.prom for a textfile collector, in one
// step. A link of another user's making is never followed. `took`: how long the look was; nullopt
// where none was taken, of a snapshot.
Result<void> WriteTextfile(const std::string& directory, const ReportInput& input,
                           std::optional<std::chrono::nanoseconds> took);

}  // namespace hullmark
