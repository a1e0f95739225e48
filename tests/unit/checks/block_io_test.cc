// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

constexpr DeviceNumber kWholeDisk = {8, 0};

struct Case {
  std::string_view name;
  void (*bend)(LimitScene&);
  std::string_view bandwidth;   // RES-012.
  std::string_view operations;  // RES-013 and RES-014.
};

void LimitEverything(LimitScene& scene) {
  scene.SetIoLimits({{.device = kWholeDisk,
                      .read_bytes = 1,
                      .write_bytes = 1,
                      .read_operations = 1,
                      .write_operations = 1}});
}

constexpr Case kCases[] = {
    {"everything limited", LimitEverything, "pass", "pass"},
    {"nothing limited", [](LimitScene& scene) { scene.SetIoLimits({}); }, "fail", "fail"},
    {"bandwidth limited",
     [](LimitScene& scene) {
       scene.SetIoLimits({{.device = kWholeDisk, .read_bytes = 1, .write_bytes = 1}});
     },
     "pass", "fail"},
    {"one direction limited",
     [](LimitScene& scene) { scene.SetIoLimits({{.device = kWholeDisk, .read_bytes = 1}}); },
     "fail", "fail"},
    {"another disk limited",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.snapshot.io_limit_lists.back().front().device = {8, 16};
     },
     "fail", "fail"},
    {"a second disk behind a volume",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.snapshot.host.disks.push_back({8, 16});
       scene.InContainer({.at = "/data", .type = "xfs", .device = {8, 16}});
     },
     "fail", "fail"},
    {"a second disk, read-only",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.snapshot.host.disks.push_back({8, 16});
       scene.InContainer({.at = "/data", .type = "xfs", .device = {8, 16}, .read_only = true});
     },
     "pass", "pass"},
    {"two disks below a mapped device, one limited",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.snapshot.host.disks.push_back({8, 16});
       scene.snapshot.host.disk_parents.push_back({{253, 0}, {kWholeDisk, {8, 16}}});
       scene.InContainer({.at = "/data", .type = "xfs", .device = {253, 0}});
     },
     "fail", "fail"},
    {"a network file system",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.InContainer({.at = "/data", .type = "nfs4", .device = {0, 99}});
     },
     "unknown", "unknown"},
    {"a network file system beside an open disk",
     [](LimitScene& scene) {
       scene.SetIoLimits({});
       scene.InContainer({.at = "/data", .type = "nfs4", .device = {0, 99}});
     },
     "fail", "fail"},
    {"an overlay whose upper directory lies nowhere we know",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.At("/").upper_dir = scene.snapshot.strings.Intern("relative/diff");
     },
     "unknown", "unknown"},
    {"nothing writable on a disk",
     [](LimitScene& scene) {
       scene.SetIoLimits({});
       scene.At("/").upper_dir = StringId{};
       for (const auto* at : {"/etc/resolv.conf", "/etc/hostname"}) scene.Unmount(at);
     },
     "n/a", "n/a"},
    {"no controller on the path",
     [](LimitScene& scene) { scene.limits().io_limits.value = Missing(ErrorCode::kNotFound); },
     "fail", "fail"},
    {"no controller in the kernel",
     [](LimitScene& scene) { scene.limits().io_limits.value = Missing(ErrorCode::kUnsupported); },
     "n/a", "n/a"},
    {"unreadable limits",
     [](LimitScene& scene) { scene.limits().io_limits.value = Missing(ErrorCode::kDenied, 13); },
     "unknown", "unknown"},
    {"unreadable mounts",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.container().mounts = Missing(ErrorCode::kDenied, 13);
     },
     "unknown", "unknown"},
    {"mounts that were cut off",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.Own().truncated = true;
     },
     "unknown", "unknown"},
    {"unreadable mounts of the host",
     [](LimitScene& scene) {
       LimitEverything(scene);
       scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13);
     },
     "unknown", "unknown"},
};

TEST(BlockIo, NeedsLimitsOnEveryDiskBehindAWritableMount) {
  for (const Case& each : kCases) {
    LimitScene scene;
    each.bend(scene);
    const auto judge = [&](std::string_view id, const Params& params) {
      return Say(Judge(ResourceChecks(), id, scene, params));
    };
    EXPECT_EQ(judge("RES-012", Of({Strings({"read", "write"}), true})), each.bandwidth)
        << each.name;
    EXPECT_EQ(judge("RES-013", Of({true})), each.operations) << each.name;
    EXPECT_EQ(judge("RES-014", Of({true})), each.operations) << each.name;
  }
}

TEST(BlockIo, TellsTheDirectionsApart) {
  LimitScene scene;
  const auto judge = [&](std::string_view id, const Params& params) {
    return Say(Judge(ResourceChecks(), id, scene, params));
  };
  scene.SetIoLimits({{.device = kWholeDisk, .read_bytes = 1, .write_operations = 1}});
  EXPECT_EQ(judge("RES-012", Of({Strings({"read"}), true})), "pass");
  EXPECT_EQ(judge("RES-012", Of({Strings({"write"}), true})), "fail");
  EXPECT_EQ(judge("RES-013", Of({true})), "fail");
  EXPECT_EQ(judge("RES-014", Of({true})), "pass");
  scene.limits().io_limits.source = LimitScene::kParent;
  EXPECT_EQ(judge("RES-014", Of({false})), "fail");
}

TEST(BlockIo, NamesTheDisk) {
  LimitScene scene;
  scene.SetIoLimits({});
  EXPECT_EQ(
      Proof(ResourceChecks(), "RES-013", scene, Of({true})),
      std::vector<std::string>{"/sys/fs/cgroup/docker/abc/io.max: no such limit on disk 8:0"});
}

TEST(IoWeightAssigned, DiffersFromTheDefaultOfItsScheduler) {
  const auto judge = [](CgroupVersion version, bool bfq, std::uint64_t weight) {
    LimitScene scene(version);
    scene.snapshot.io_files.push_back({.weight = weight, .weight_is_bfq = bfq});
    scene.snapshot.cgroups.back().io = 0;
    scene.limits().io_weight = {.value = weight, .source = LimitScene::kOwn};
    return Say(Judge(ResourceChecks(), "RES-011", scene));
  };
  EXPECT_EQ(judge(CgroupVersion::kV2, false, 100), "fail");
  EXPECT_EQ(judge(CgroupVersion::kV2, false, 500), "pass");
  EXPECT_EQ(judge(CgroupVersion::kV1, true, 100), "fail");
  EXPECT_EQ(judge(CgroupVersion::kV1, true, 500), "pass");
  EXPECT_EQ(judge(CgroupVersion::kV1, false, 500), "fail");
  EXPECT_EQ(judge(CgroupVersion::kV1, false, 100), "pass");
  LimitScene scene;
  scene.limits().io_weight.value = Missing(ErrorCode::kNotFound);
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-011", scene)), "n/a");
  scene.limits().io_weight.value = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-011", scene)), "unknown");
}

}  // namespace
}  // namespace hullmark::testing
