// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"
#include "hullmark/comparison.h"
#include "hullmark/ids.h"

namespace hullmark {

inline constexpr std::string_view kDiffSchema = "hullmark.diff/1";

struct DiffOptions {
  Timestamp generated_at{};
  std::string tool_version{};
  bool verbose = false;  // Text: nothing is folded.
  bool color = false;    // Text.
  int columns = 80;      // Text.
};

// One JSON document of schema hullmark.diff/1, see docs/schema/diff-1.schema.json. Its changes are
// named and ordered as the agent's events.
void WriteJsonDiff(const Comparison& looks, const DiffOptions& options, const ByteSink& sink);

// For people, and for a ticket: what appeared, comes first. A violation of many containers is told
// once. Texts of containers are escaped; the rest is ASCII.
void WriteTextDiff(const Comparison& looks, const DiffOptions& options, const ByteSink& sink);

}  // namespace hullmark
