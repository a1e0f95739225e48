// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/hooks/hosts.h"

// No name without an address, and none that is not in small letters.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  for (const auto& [name, addresses] :
       hullmark::ParseHosts({reinterpret_cast<const char*>(bytes), size})) {
    if (name.empty() || addresses.empty() || hullmark::HostKey(name) != name) std::abort();
  }
  return 0;
}
