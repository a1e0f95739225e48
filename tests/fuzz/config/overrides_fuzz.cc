// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/overrides.h"
#include "hullmark/benchmark.h"
#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/severity.h"
#include "tests/unit/benchmark/rows.h"

namespace {

// Two controls, of which one has a parameter of each type.
hullmark::Benchmark SmallBenchmark() {
  hullmark::Benchmark benchmark;
  benchmark.controls.resize(2);
  benchmark.controls[0].id = "PRC-001";
  benchmark.controls[0].severity = hullmark::Severity::kCritical;
  benchmark.controls[0].weight = 125;
  benchmark.controls[0].check = hullmark::kRows.data();
  benchmark.controls[0].params =
      hullmark::Params({false, std::int64_t{0}, 0.0, hullmark::CapSet{}, std::vector<std::string>{},
                        std::vector<std::int64_t>{}, std::vector<hullmark::Glob>{},
                        std::vector<hullmark::MountRule>{}, std::vector<hullmark::DeviceRule>{},
                        hullmark::Severity::kLow, std::vector<hullmark::CallGroup>{},
                        std::vector<hullmark::CallFamily>{}});
  benchmark.controls[1].id = "CTR-001";
  benchmark.controls[1].check = &hullmark::kRows[1];
  return benchmark;
}

bool IsSound(const hullmark::Benchmark& benchmark) {
  for (const hullmark::Control& control : benchmark.controls) {
    const bool critical = control.severity == hullmark::Severity::kCritical;
    if (critical && control.weight <= benchmark.scoring.grade_bounds.back()) return false;
    if (control.params.values().size() != control.check->params.size()) return false;
  }
  return benchmark.controls.size() == 2;
}

}  // namespace

// Whatever the bytes are, a benchmark keeps its controls and their types or there is an error that
// names a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto overrides = hullmark::LoadOverrides(text, "fuzz");
  if (!overrides) {
    if (!overrides.error().message.starts_with("fuzz:")) std::abort();
    return 0;
  }
  const auto applied = hullmark::ApplyOverrides(SmallBenchmark(), *overrides);
  const bool sound = applied ? IsSound(*applied) : applied.error().message.starts_with("fuzz:");
  if (!sound) std::abort();
  return 0;
}
