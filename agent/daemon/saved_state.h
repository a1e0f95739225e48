// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/evaluate/known_state.h"
#include "hullmark/result.h"

namespace hullmark {

inline constexpr std::string_view kStateSchema = "hullmark.state/2";

// What survives a restart.
struct SavedState {
  KnownState known{};
  // Lines for the events file that may not be in it yet, by ascending id.
  std::vector<std::string> outbox{};

  friend bool operator==(const SavedState&, const SavedState&) = default;
};

// One JSON document of schema hullmark.state/2. It is nobody's interface but the agent's own.
void WriteState(const SavedState& state, const ByteSink& sink);

// kMalformed for what WriteState did not write, kUnsupported for another version of the schema.
Result<SavedState> ReadState(std::string_view text);

}  // namespace hullmark
