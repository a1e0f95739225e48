// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/hooks/delivery.h"
#include "agent/hooks/retry_after.h"

// Whatever a receiver says, nobody waits longer than an hour, or into the past.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const std::int64_t now : {std::int64_t{0}, std::int64_t{1'763'827'200}}) {
    const auto wait = hullmark::ParseRetryAfter(text, now);
    if (wait && (wait->count() < 0 || *wait > hullmark::kLongestRetryAfter)) std::abort();
  }
  return 0;
}
