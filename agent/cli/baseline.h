// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/sinks/news.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/comparison.h"
#include "hullmark/posture.h"
#include "hullmark/result.h"

namespace hullmark {

// The report of --baseline; nullopt for "". `snapshot` is what --snapshot says: standard input has
// only one document.
Result<std::optional<Posture>> ReadBaseline(const std::string& path, const std::string& snapshot);

// What is new since an accepted report; without one, nothing is said of that.
struct Since {
  std::unique_ptr<const Comparison> comparison{};  // Stays in place: the news refer to it.
  std::optional<News> news{};
};
Since Compared(const std::optional<Posture>& accepted, const ReportInput& input);

}  // namespace hullmark
