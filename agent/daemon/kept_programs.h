// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/learned_programs.h"
#include "agent/encode/json_writer.h"
#include "hullmark/result.h"

namespace hullmark {

inline constexpr std::string_view kProgramsSchema = "hullmark.programs/1";

// What of containers was learned, as a restart of the agent leaves it: in one life of the host.
struct KeptPrograms {
  std::string boot_id{};
  std::vector<LearnedContainer> containers{};

  friend bool operator==(const KeptPrograms&, const KeptPrograms&) = default;
};

// One JSON document of schema hullmark.programs/1. It is nobody's interface but the agent's own.
void WritePrograms(const KeptPrograms& kept, const ByteSink& sink);

// kMalformed for what WritePrograms did not write, kUnsupported for another version of the schema.
Result<KeptPrograms> ReadPrograms(std::string_view text);

}  // namespace hullmark
