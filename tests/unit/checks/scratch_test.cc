// SPDX-License-Identifier: Apache-2.0
// RUN-006: where programs come from.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

constexpr std::uint32_t kScratchMount = 7'000;

Params Scratch() { return Of({Strings({"/tmp", "/run"})}); }

// A program of a mount of its own.
void RunFrom(LimitScene& scene, std::string_view type, std::string_view mount_point) {
  Snapshot& snapshot = scene.snapshot;
  Mount mount;
  mount.id = kScratchMount;
  mount.parent = scene.At("/").id;
  mount.type = snapshot.strings.Intern(type);
  mount.mount_point = snapshot.strings.Intern(mount_point);
  mount.root = snapshot.strings.Intern("/");
  std::erase_if(*scene.Own().mounts, [](const Mount& other) { return other.id == kScratchMount; });
  scene.Own().mounts->push_back(mount);
  snapshot.executables.assign(1, {});
  snapshot.executables[0].path = snapshot.strings.Intern(std::string(mount_point) + "/x");
  snapshot.executables[0].links = 1;
  snapshot.executables[0].mount_id = kScratchMount;
  scene.process().executable = ExecutableIndex{0};
}

void OnTmpfs(LimitScene& scene) { RunFrom(scene, "tmpfs", "/cache"); }

struct Bent {
  std::string_view name;
  void (*bend)(LimitScene&);
  std::string_view expected;
};

constexpr Bent kCases[] = {
    {"a tmpfs", [](LimitScene&) {}, "fail"},
    {"a tmpfs that is read-only",
     [](LimitScene& scene) { scene.Own().mounts->back().flags.read_only = true; }, "pass"},
    {"a ramfs", [](LimitScene& scene) { RunFrom(scene, "ramfs", "/cache"); }, "fail"},
    {"a disk where everybody writes", [](LimitScene& scene) { RunFrom(scene, "ext4", "/tmp/a"); },
     "fail"},
    {"a directory whose name begins like it",
     [](LimitScene& scene) { RunFrom(scene, "ext4", "/tmpdata"); }, "pass"},
    {"a disk elsewhere", [](LimitScene& scene) { RunFrom(scene, "ext4", "/opt"); }, "pass"},
    {"a file of the image",
     [](LimitScene& scene) { scene.snapshot.executables[0].mount_id = scene.At("/").id; }, "pass"},
    {"a mount that is nowhere",
     [](LimitScene& scene) { scene.snapshot.executables[0].mount_id = 9'999; }, "n/a"},
    {"a mount beyond those that were read",
     [](LimitScene& scene) {
       scene.snapshot.executables[0].mount_id = 9'999;
       scene.Own().truncated = true;
     },
     "unknown"},
    {"an old kernel", [](LimitScene& scene) { scene.snapshot.executables[0].mount_id.reset(); },
     "unknown"},
    {"a copied tree", [](LimitScene& scene) { scene.snapshot.executables[0].links.reset(); },
     "unknown"},
    {"an unreadable executable",
     [](LimitScene& scene) { scene.process().executable = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"unreadable mounts",
     [](LimitScene& scene) { scene.Own().mounts = Missing(ErrorCode::kDenied, 13); }, "unknown"},
};

TEST(ExecutableNotFromScratch, GoesByTheMountOfTheFile) {
  for (const Bent& each : kCases) {
    LimitScene scene;
    OnTmpfs(scene);
    each.bend(scene);
    EXPECT_EQ(Say(Judge(RuntimeChecks(), "RUN-006", scene, Scratch())), each.expected) << each.name;
  }
}

TEST(ExecutableNotFromScratch, NamesTheMount) {
  LimitScene scene;
  OnTmpfs(scene);
  EXPECT_EQ(
      Proof(RuntimeChecks(), "RUN-006", scene, Scratch()),
      std::vector<std::string>{"exe: /cache/x lies on the tmpfs at /cache, which is writable"});
}

}  // namespace
}  // namespace hullmark::testing
