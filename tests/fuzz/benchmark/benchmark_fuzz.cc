// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/benchmark/load.h"
#include "hullmark/benchmark.h"
#include "hullmark/result.h"
#include "tests/unit/benchmark/rows.h"

// Whatever the bytes are, there is a benchmark with all entries or an error that names a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const hullmark::Result<hullmark::Benchmark> loaded =
      hullmark::LoadBenchmark(text, "fuzz", hullmark::kRows);
  const bool sound = loaded ? loaded->controls.size() == hullmark::kRows.size()
                            : loaded.error().message.starts_with("fuzz:");
  if (!sound) std::abort();
  return 0;
}
