// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/waivers.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

// Whatever the bytes are, each waiver says why and until when, and can be asked, or there is an
// error that names a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto waivers = hullmark::LoadWaivers(text, "fuzz");
  if (!waivers) {
    if (!waivers.error().message.starts_with("fuzz:")) std::abort();
    return 0;
  }
  hullmark::Snapshot snapshot;
  hullmark::Container container;
  container.name = snapshot.strings.Intern("web");
  container.claims = hullmark::Claims{.trust = hullmark::Trust::kUser};
  for (const hullmark::Waiver& waiver : *waivers) {
    using enum hullmark::Belief;
    if (waiver.reason.empty() || waiver.owner.empty() || waiver.expires <= hullmark::Timestamp{}) {
      std::abort();
    }
    // Root alone is believed for more than all only where something is left out.
    const bool root = Selects(waiver.select, snapshot, container, kRootOnly);
    const bool all = Selects(waiver.select, snapshot, container, kAll);
    if (root && !all && waiver.select.except == nullptr) std::abort();
  }
  return 0;
}
