// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"

namespace CLI {
class App;
}  // namespace CLI

namespace hullmark {

// Flags as they were typed; what was not keeps the configuration's value.
struct AgentFlags {
  std::vector<std::string> listen;
  std::string api, web_config;
  std::uint64_t interval_ms = 0;
  std::optional<std::string> textfile, state_dir, events_file;
  std::string gateway, courier, runner;
};

void AddAgentFlags(CLI::App& app, AgentFlags& flags);

void ApplyFlags(const AgentFlags& flags, Config& config);

}  // namespace hullmark
