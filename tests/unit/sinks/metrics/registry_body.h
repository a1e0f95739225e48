// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/unit/sinks/world.h"

namespace hullmark::testing {

// The families of containers, controls and the host as prometheus-cpp writes them, each series
// added to a registry on its own: the long way round to what Exposition writes of the same world.
std::string RegistryBody(const World& world);

}  // namespace hullmark::testing
