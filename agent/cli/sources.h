// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/cli/command.h"
#include "agent/cli/inputs.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/config/config.h"
#include "hullmark/result.h"

namespace hullmark {

// Who tells of this host's tasks, as `source` wishes; what cannot be had is said on stderr.
Tasks ChooseTasks(const Roots& roots, const Wiring& wiring, Config::Source source);

// Says, once, that a collector has given up records.
void WarnOfLoss(const Collector& collector, bool had);

// Looks at this host through records and through /proc, process by process, and prints on stderr
// what differs. Error: one of them cannot look.
Result<bool> SourcesAgree(const GlobalOptions& global, const Wiring& wiring, const Wanted& wanted);

}  // namespace hullmark
