// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "agent/config/hooks.h"
#include "agent/hooks/endpoints.h"
#include "hullmark/result.h"

namespace hullmark {

// The webhooks among `hooks` with the contents of what they name, and the programs of the others
// looked at: all of it has to be trusted, see OpenTrusted, secrets readable for their owner alone.
// It has been tried: a courier can use it. Error: names the file and what is wrong, never a secret.
Result<std::vector<Endpoint>> LoadEndpoints(std::span<const Hook> hooks);

}  // namespace hullmark
