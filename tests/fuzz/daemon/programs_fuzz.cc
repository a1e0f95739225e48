// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/daemon/kept_programs.h"

namespace {

std::string Written(const hullmark::KeptPrograms& kept) {
  std::string out;
  hullmark::WritePrograms(kept, [&](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace

// Whatever is accepted must be written so that it is accepted again and is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto kept = hullmark::ReadPrograms({reinterpret_cast<const char*>(bytes), size});
  if (!kept) return 0;
  const auto again = hullmark::ReadPrograms(Written(*kept));
  if (!again || *again != *kept) std::abort();
  return 0;
}
