// SPDX-License-Identifier: Apache-2.0
#include "checks/mount_paths.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/host_mounts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/mount_scene.h"

namespace hullmark::testing {
namespace {

TEST(Covers, GoesByWholeComponents) {
  EXPECT_TRUE(Covers("/", "/"));
  EXPECT_TRUE(Covers("/", "/var"));
  EXPECT_TRUE(Covers("/var", "/var"));
  EXPECT_TRUE(Covers("/var", "/var/lib"));
  EXPECT_FALSE(Covers("/var", "/variable"));
  EXPECT_FALSE(Covers("/var/lib", "/var"));
  EXPECT_FALSE(Covers("/", "net:[4026531833]"));
  EXPECT_FALSE(Covers("", "/var"));
}

TEST(Rebase, MovesAPathToWhereItsFileSystemIsMounted) {
  EXPECT_EQ(Rebase("/etc/ssl", {"/", "/"}), "/etc/ssl");
  EXPECT_EQ(Rebase("/", {"/", "/host"}), "/host");
  EXPECT_EQ(Rebase("/etc", {"/", "/host"}), "/host/etc");
  EXPECT_EQ(Rebase("/@/etc", {"/@", "/"}), "/etc");
  EXPECT_EQ(Rebase("/a/b/c", {"/a", "/x"}), "/x/b/c");
  EXPECT_EQ(Rebase("/a", {"/a", "/x"}), "/x");
}

std::string TypeAt(MountScene& scene, std::string_view path) {
  const Mount* const mount = CoveringMount(scene.snapshot, *scene.Own().mounts, path);
  return mount == nullptr ? "none" : std::string(scene.snapshot.Text(mount->type));
}

TEST(CoveringMount, IsTheDeepestThatALookupMeets) {
  MountScene scene;
  EXPECT_EQ(TypeAt(scene, "/"), "overlay");
  EXPECT_EQ(TypeAt(scene, "/etc/passwd"), "overlay");
  EXPECT_EQ(TypeAt(scene, "/proc/keys"), "tmpfs");
  EXPECT_EQ(TypeAt(scene, "/proc/keyring"), "proc");
  EXPECT_EQ(TypeAt(scene, "/sys/fs/cgroup/pids.max"), "cgroup2");
}

TEST(CoveringMount, OfTwoOnOnePlaceIsTheUpper) {
  MountScene scene;
  scene.InContainer({.at = "/dev/shm", .type = "ramfs", .device = {0, 90}});
  EXPECT_EQ(TypeAt(scene, "/dev/shm/x"), "ramfs");
}

TEST(CoveringMount, DoesNotMeetWhatALaterMountHides) {
  MountScene scene;
  scene.InContainer({.at = "/proc", .type = "tmpfs", .device = {0, 90}});
  EXPECT_EQ(TypeAt(scene, "/proc/sys"), "tmpfs");
}

// At boot /proc is mounted first and the root file system is moved below it later.
TEST(CoveringMount, GoesByTheTreeAndNotByTheOrderOfLines) {
  MountScene scene;
  std::vector<Mount>& mounts = *scene.Own().mounts;
  std::ranges::rotate(mounts, mounts.begin() + 1);
  EXPECT_EQ(TypeAt(scene, "/proc/sys"), "proc");
  EXPECT_EQ(TypeAt(scene, "/etc"), "overlay");
}

TEST(CoveringMount, ComesToAnEndOnATableThatNoKernelWrote) {
  MountScene scene;
  for (Mount& mount : *scene.Own().mounts) mount.parent = mount.id ^ 1U;
  for (const std::string_view path : {"/", "/proc/sys/kernel", "/sys/fs/cgroup"}) {
    TypeAt(scene, path);
  }
  scene.Strip();
  EXPECT_EQ(TypeAt(scene, "/"), "none");
}

TEST(MountsOf, KeepsTheFaultAndCallsAnEmptyTableMalformed) {
  MountScene scene;
  const auto code = [&] {
    const auto table = MountsOf(scene.snapshot, scene.container().mounts);
    return table ? ErrorCode::kIo : table.error().code;
  };
  scene.Strip();
  EXPECT_EQ(code(), ErrorCode::kMalformed);
  scene.Own().mounts = Missing(ErrorCode::kDenied, 13);
  EXPECT_EQ(code(), ErrorCode::kDenied);
  scene.container().mounts = Missing(ErrorCode::kVanished);
  EXPECT_EQ(code(), ErrorCode::kVanished);
}

TEST(MountsOf, IsIncompleteWhenCutOffOrSeenFromAChroot) {
  const auto complete = [](void (*bend)(MountNamespace&)) {
    MountScene scene;
    bend(scene.Own());
    return MountsOf(scene.snapshot, scene.container().mounts)->complete;
  };
  EXPECT_TRUE(complete([](MountNamespace&) {}));
  EXPECT_FALSE(complete([](MountNamespace& each) { each.truncated = true; }));
  EXPECT_FALSE(complete([](MountNamespace& each) { each.rootless_table = true; }));
}

TEST(Holds, NeedsTheSameFileSystem) {
  EXPECT_TRUE(Holds({kDisk, "/"}, {kDisk, "/etc"}));
  EXPECT_FALSE(Holds({kDisk, "/"}, {kHostRun, "/etc"}));
  EXPECT_FALSE(Holds({kDisk, "/etc/ssl"}, {kDisk, "/etc"}));
}

RC_GTEST_PROP(HostMounts, CoverWhatTheTableCovers, ()) {
  const std::vector<std::string> places = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/c"};
  MountScene scene;
  for (const std::string& place :
       *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(places))) {
    scene.OnHost({.at = place, .type = "tmpfs", .device = {}});
  }
  std::vector<Mount>& mounts = *scene.OfHost().mounts;
  for (Mount& mount : mounts) {
    if (*rc::gen::inRange(0, 8) == 0) mount.parent = *rc::gen::inRange<std::uint32_t>(0, 40);
  }
  const HostMounts host(scene.snapshot);
  for (const std::string_view path : {"/", "/a", "/a/b/c/d", "/ab/c", "/abc", "/c/", "c", ""}) {
    RC_ASSERT(host.Covering(path) == CoveringMount(scene.snapshot, mounts, path));
  }
}

TEST(HostMounts, OfAFileSystemStandInTheTablesOrder) {
  MountScene scene;
  scene.OnHost({.at = "/b", .type = "ext4", .device = kDisk});
  scene.OnHost({.at = "/a", .type = "ext4", .device = kDisk});
  const HostMounts host(scene.snapshot);
  std::vector<std::string_view> places;
  for (const Mount* const mount : host.Of(kDisk)) {
    places.push_back(scene.snapshot.Text(mount->mount_point));
  }
  EXPECT_EQ(places, (std::vector<std::string_view>{"/", "/b", "/a"}));
  EXPECT_TRUE(host.Of({99, 99}).empty());
}

}  // namespace
}  // namespace hullmark::testing
