// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/replay/snapshot_json.h"
#include "hullmark/snapshot.h"

namespace {

std::string Written(const hullmark::Snapshot& snapshot) {
  std::string out;
  hullmark::WriteSnapshot(snapshot, [&](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace

// Whatever is accepted must be written so that it is accepted again and written the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto snapshot = hullmark::ReadSnapshot({reinterpret_cast<const char*>(bytes), size});
  if (!snapshot) return 0;
  const std::string document = Written(*snapshot);
  const auto again = hullmark::ReadSnapshot(document);
  if (!again || Written(*again) != document) std::abort();
  return 0;
}
