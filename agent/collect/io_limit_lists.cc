// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/io_limit_lists.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/collect/interner.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"

namespace hullmark {

IoLimit& LimitOf(std::vector<IoLimit>& limits, DeviceNumber device) {
  const auto known = std::ranges::find(limits, device, &IoLimit::device);
  return known != limits.end() ? *known : limits.emplace_back(IoLimit{.device = device});
}

IoLimitListIndex KeepIoLimits(Snapshot& snapshot, std::vector<IoLimit> limits) {
  std::ranges::sort(limits, {}, &IoLimit::device);
  const auto known = std::ranges::find(snapshot.io_limit_lists, limits);
  if (known != snapshot.io_limit_lists.end()) {
    return IoLimitListIndex{static_cast<std::uint32_t>(known - snapshot.io_limit_lists.begin())};
  }
  return Add<IoLimitListIndex>(snapshot.io_limit_lists, std::move(limits));
}

}  // namespace hullmark
