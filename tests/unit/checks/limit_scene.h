// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/mount_scene.h"

namespace hullmark::testing {

// A container in /docker/abc of one hierarchy, with an ancestor /docker.
class LimitScene : public MountScene {
 public:
  explicit LimitScene(CgroupVersion version = CgroupVersion::kV2);

  LimitsInForce& limits() { return container().limits; }

  // Cgroups of the path.
  static constexpr CgroupIndex kRoot{0};
  static constexpr CgroupIndex kParent{1};
  static constexpr CgroupIndex kOwn{2};

  void SetSysctl(std::string_view name, Fact<std::string> value);
  void SetIoLimits(std::vector<IoLimit> limits);
  void SetDeviceRules(std::vector<DeviceRule> rules);
};

}  // namespace hullmark::testing
