// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hullmark/event.h"

namespace hullmark {

// One line for people, for the log: "violation_appeared web (docker): CAP-001 critical, Process
// does not administer the host: CapEff has CAP_SYS_ADMIN". Hostile text is made printable.
std::string EventText(const Event& event);

}  // namespace hullmark
