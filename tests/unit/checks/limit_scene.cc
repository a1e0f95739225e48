// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/checks/limit_scene.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/mount_scene.h"

namespace hullmark::testing {

LimitScene::LimitScene(CgroupVersion version) {
  snapshot.hierarchies.push_back({.version = version,
                                  .mount_point = snapshot.strings.Intern("/sys/fs/cgroup"),
                                  .controllers = 0x3f});
  for (const std::string_view path : {"/", "/docker", "/docker/abc"}) {
    Cgroup cgroup;
    cgroup.path = snapshot.strings.Intern(path);
    if (!snapshot.cgroups.empty()) {
      cgroup.parent = static_cast<CgroupIndex>(snapshot.cgroups.size() - 1);
    }
    snapshot.cgroups.push_back(cgroup);
  }
  snapshot.memberships.push_back({.cgroups = {kOwn}});
  task().cgroup = MembershipIndex{0};
  process().oom_score_adj = std::int16_t{0};
  container().cgroup = kOwn;
  Host& host = snapshot.host;
  for (auto& each : host.controller_versions) each = version;
  host.memory_bytes = 1'000'000'000;
  host.swap_active = true;
  host.cpus_online = "0-3";
  host.command_line = "";
  host.disks = {{8, 0}};
  host.disk_parents = {{kDisk, {{8, 0}}}};
  SetSysctl("kernel/pid_max", "32768");
}

void LimitScene::SetSysctl(std::string_view name, Fact<std::string> value) {
  auto& sysctls = snapshot.host.sysctls;
  std::erase_if(sysctls, [&](const Sysctl& each) { return each.name == name; });
  sysctls.push_back({.name = std::string(name), .value = std::move(value)});
  std::ranges::sort(sysctls, {}, &Sysctl::name);
}

void LimitScene::SetIoLimits(std::vector<IoLimit> limits) {
  snapshot.io_limit_lists.push_back(std::move(limits));
  this->limits().io_limits = {
      .value = static_cast<IoLimitListIndex>(snapshot.io_limit_lists.size() - 1), .source = kOwn};
}

void LimitScene::SetDeviceRules(std::vector<DeviceRule> rules) {
  snapshot.device_lists.push_back(std::move(rules));
  limits().device_rules = {.value = static_cast<DeviceListIndex>(snapshot.device_lists.size() - 1),
                           .source = kOwn};
}

}  // namespace hullmark::testing
