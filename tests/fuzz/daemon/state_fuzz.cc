// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/daemon/saved_state.h"

namespace {

std::string Written(const hullmark::SavedState& state) {
  std::string out;
  hullmark::WriteState(state, [&](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace

// Whatever is accepted must be written so that it is accepted again and is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto state = hullmark::ReadState({reinterpret_cast<const char*>(bytes), size});
  if (!state) return 0;
  const auto again = hullmark::ReadState(Written(*state));
  if (!again || *again != *state) std::abort();
  return 0;
}
