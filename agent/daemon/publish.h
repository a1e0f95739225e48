// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/base/file.h"
#include "agent/daemon/recent_events.h"
#include "agent/gateway/documents.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/result.h"

namespace hullmark {

// Everything that is served until the next scan, from one picture: what a client reads in two
// requests fits together, or belongs to two publications. `actions`: see ActionsDocument; "" where
// nobody acts.
Result<Fd> MakeDocuments(const ReportInput& report, std::string_view metrics,
                         std::string_view actions, const RecentEvents& events,
                         const Publication& publication);

}  // namespace hullmark
