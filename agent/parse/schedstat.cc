// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/schedstat.h"

#include <cstdint>
#include <string_view>

#include "agent/parse/cut.h"
#include "hullmark/result.h"

namespace hullmark {

Fact<RunCount> ParseSchedstat(std::string_view text) {
  auto line = WithoutNewline(text);
  const auto nanoseconds = CutNumber<std::uint64_t>(line);
  const auto waited = CutNumber<std::uint64_t>(line);
  const auto slices = CutNumber<std::uint64_t>(line);
  if (!nanoseconds || !waited || !slices || !line.empty()) return Malformed();
  return RunCount{.nanoseconds = *nanoseconds, .slices = *slices};
}

}  // namespace hullmark
