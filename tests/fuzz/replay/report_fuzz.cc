// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/evaluate/compare.h"
#include "agent/replay/report_json.h"
#include "hullmark/comparison.h"

// Whatever is accepted can be compared with itself, and nothing has changed then but for containers
// that look alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  hullmark::SchemaOf(text);
  const auto report = hullmark::ReadReport(text);
  if (!report) return 0;
  const hullmark::Comparison looks = hullmark::Compare(*report, *report);
  if (!looks.host.controls.empty()) std::abort();
  for (const hullmark::SubjectChange& change : looks.containers) {
    if (change.added) std::abort();
  }
  return 0;
}
