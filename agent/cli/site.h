// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/cli/command.h"
#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace hullmark {

// Reads the file of --config, else `standard` if there is one, into the `site` of the options as
// they were typed, and takes from it what the command line leaves open: benchmark, overrides,
// waivers and roots. When the file has changed, this is to be called on the typed options again.
Result<GlobalOptions> ApplyConfig(const std::string& standard, GlobalOptions typed);

// The waivers of all files that the options name, in that order.
Result<std::vector<Waiver>> LoadChosenWaivers(const GlobalOptions& global);

}  // namespace hullmark
