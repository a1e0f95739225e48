// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/cli/command.h"
#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace CLI {
class App;
}  // namespace CLI

namespace hullmark {

// Reads the file of --config into `global.site` and takes from it what the command line leaves
// open: benchmark, overrides, waivers and roots. Without the option nothing happens.
Result<void> ApplyConfig(const CLI::App& app, GlobalOptions& global);

// The waivers of all files that the options name, in that order.
Result<std::vector<Waiver>> LoadChosenWaivers(const GlobalOptions& global);

}  // namespace hullmark
