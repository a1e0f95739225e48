// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/parse/observed_calls.h"
#include "hullmark/syscalls.h"
#include "tests/fuzz/parse/require.h"

// Whatever the text, only calls are named.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto calls = hullmark::ParseObservedCalls(hullmark::TextOf(data, size));
  if (!calls) return 0;
  hullmark::Require(!calls->empty());
  for (const std::string_view call : *calls) {
    hullmark::Require(std::ranges::binary_search(hullmark::Calls(), call));
  }
  return 0;
}
