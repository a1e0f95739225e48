// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/cli/command.h"
#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace hullmark {

// Reads the file of --config, else `standard` if there is one, into `global.site` and takes from it
// what the command line leaves open: benchmark, overrides, waivers and roots. May be called again
// when the file has changed.
Result<void> ApplyConfig(const std::string& standard, GlobalOptions& global);

// The waivers of all files that the options name, in that order.
Result<std::vector<Waiver>> LoadChosenWaivers(const GlobalOptions& global);

}  // namespace hullmark
