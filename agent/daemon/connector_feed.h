// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/file.h"
#include "agent/daemon/watcher.h"
#include "agent/watch/proc_connector.h"

namespace hullmark {

// Events by the proc connector: it says who, and /proc below `proc` what they are by then. An exec
// whose process has ended before it could be read is counted as missed.
EventFeed ConnectorFeed(ProcConnector connector, Fd proc);

}  // namespace hullmark
