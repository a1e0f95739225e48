// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

constexpr DeviceRule kNull = {.type = 'c', .major = 1, .minor = 3};
constexpr DeviceRule kTerminals = {.type = 'c', .major = 136};

DeviceRule Granting(DeviceRule rule, std::string_view access) {
  rule.read = access.find('r') != std::string_view::npos;
  rule.write = access.find('w') != std::string_view::npos;
  rule.make = access.find('m') != std::string_view::npos;
  return rule;
}

std::string Rules(std::vector<DeviceRule> rules, bool deny_block = true) {
  LimitScene scene(CgroupVersion::kV1);
  scene.SetDeviceRules(std::move(rules));
  return Say(Judge(DeviceChecks(), "DEV-001", scene,
                   Of({deny_block, std::vector<DeviceRule>{kNull, kTerminals}})));
}

TEST(DeviceAccessLimited, ReadsTheRulesOfVersion1) {
  EXPECT_EQ(Rules({}), "pass");
  EXPECT_EQ(Rules({Granting(kNull, "rwm"), Granting(kTerminals, "rwm")}), "pass");
  EXPECT_EQ(Rules({Granting({.type = 'c', .major = 136, .minor = 4}, "rw")}), "pass");
  EXPECT_EQ(Rules({Granting({.type = 'a'}, "rwm")}), "fail");
  EXPECT_EQ(Rules({Granting({.type = 'c'}, "r")}), "fail");
  // Every runtime lets its containers make nodes that they cannot open.
  EXPECT_EQ(Rules({Granting({.type = 'b'}, "m"), Granting({.type = 'c'}, "m")}), "pass");
  EXPECT_EQ(Rules({Granting({.type = 'b', .major = 8, .minor = 0}, "r")}), "fail");
  EXPECT_EQ(Rules({Granting({.type = 'b', .major = 8, .minor = 0}, "r")}, false), "pass");
  EXPECT_EQ(Rules({Granting({.type = 'b', .major = 1, .minor = 3}, "r")}), "fail");
  EXPECT_EQ(Rules({Granting({.type = 'c', .major = 1, .minor = 1}, "w")}), "fail");
  EXPECT_EQ(Rules({Granting({.type = 'c', .major = 1}, "r")}), "fail");
}

TEST(DeviceAccessLimited, KeepsToTheAccessOfTheAllowList) {
  LimitScene scene(CgroupVersion::kV1);
  scene.SetDeviceRules({Granting(kNull, "rw")});
  const auto judge = [&](std::string_view allowed) {
    return Say(Judge(DeviceChecks(), "DEV-001", scene,
                     Of({true, std::vector<DeviceRule>{Granting(kNull, allowed)}})));
  };
  EXPECT_EQ(judge(""), "pass");
  EXPECT_EQ(judge("rw"), "pass");
  EXPECT_EQ(judge("r"), "fail");
}

TEST(DeviceAccessLimited, NamesTheRule) {
  LimitScene scene(CgroupVersion::kV1);
  scene.SetDeviceRules({Granting({.type = 'b', .major = 8}, "rm")});
  EXPECT_EQ(Proof(DeviceChecks(), "DEV-001", scene, Of({true, std::vector<DeviceRule>{}})),
            std::vector<std::string>{"/sys/fs/cgroup/docker/abc/devices.list: b 8:* rm"});
}

std::string Programs(Fact<std::uint32_t> programs, void (*bend)(LimitScene&) = nullptr) {
  LimitScene scene;
  scene.limits().device_programs.value = programs;
  if (bend != nullptr) bend(scene);
  return Say(Judge(DeviceChecks(), "DEV-001", scene, Of({true, std::vector<DeviceRule>{}})));
}

TEST(DeviceAccessLimited, CountsTheProgramsOfVersion2) {
  EXPECT_EQ(Programs(1), "pass");
  EXPECT_EQ(Programs(0), "fail");
  EXPECT_EQ(Programs(Missing(ErrorCode::kNotFound)), "fail");
  EXPECT_EQ(Programs(Missing(ErrorCode::kUnsupported)), "n/a");
  EXPECT_EQ(Programs(Missing(ErrorCode::kDenied, 1)), "unknown");
}

// A privileged container has a program too: one that allows everything.
TEST(DeviceAccessLimited, DoesNotTrustTheProgramOfAPrivilegedContainer) {
  EXPECT_EQ(Programs(1,
                     [](LimitScene& scene) {
                       scene.status().bounding = CapSet::UpTo(40);
                       scene.status().seccomp = SeccompMode::kOff;
                     }),
            "fail");
  EXPECT_EQ(Programs(1, [](LimitScene& scene) { scene.status().bounding = CapSet::UpTo(40); }),
            "pass");
  EXPECT_EQ(
      Programs(1, [](LimitScene& scene) { scene.task().status = Missing(ErrorCode::kDenied, 13); }),
      "unknown");
}

}  // namespace
}  // namespace hullmark::testing
