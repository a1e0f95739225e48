// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

// A scene bent in one place, and the verdict that it must get.
struct Case {
  std::string_view name;
  void (*bend)(MountScene&);
  std::string_view expected;
};

constexpr std::string_view kSocket = "/run/docker.sock";

Params SocketParams() { return Of({std::vector<Glob>{Glob(kSocket)}}); }

void AddDockerSocket(MountScene& scene) {
  scene.AddPath(kSocket, kSocket, kHostRun, "/docker.sock");
  scene.snapshot.host.looked_for = {std::string(kSocket)};
}

std::string Socket(std::string_view id, void (*bend)(MountScene&)) {
  MountScene scene;
  AddDockerSocket(scene);
  bend(scene);
  return Say(Judge(FilesystemChecks(), id, scene, SocketParams()));
}

constexpr Case kSocketCases[] = {
    {"out of reach", [](MountScene&) {}, "pass"},
    {"the socket itself, renamed",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/tmp/x", .type = "tmpfs", .device = kHostRun, .root = "/docker.sock"});
     },
     "fail"},
    {"read-only: connecting is no write",
     [](MountScene& scene) {
       scene.InContainer({.at = "/docker.sock",
                          .type = "tmpfs",
                          .device = kHostRun,
                          .root = "/docker.sock",
                          .read_only = true});
     },
     "fail"},
    {"its directory",
     [](MountScene& scene) {
       scene.InContainer({.at = "/host/run", .type = "tmpfs", .device = kHostRun});
     },
     "fail"},
    {"a neighbour of a similar name",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/x", .type = "tmpfs", .device = kHostRun, .root = "/docker.sock.old"});
     },
     "pass"},
    {"the same path on another file system",
     [](MountScene& scene) {
       scene.InContainer({.at = "/x", .type = "tmpfs", .device = {0, 99}, .root = "/"});
     },
     "pass"},
    {"a socket that is gone: the daemon made a new one",
     [](MountScene& scene) {
       scene.InContainer({.at = "/x",
                          .type = "tmpfs",
                          .device = kHostRun,
                          .root = "/docker.sock",
                          .deleted = true});
     },
     "pass"},
    {"covered by a mount that nobody inside can take away",
     [](MountScene& scene) {
       scene.status().bounding = CapSet{};
       scene.InContainer({.at = "/run", .type = "tmpfs", .device = kHostRun});
       scene.InContainer({.at = "/run/docker.sock", .type = "tmpfs", .device = {0, 99}});
     },
     "pass"},
    {"covered by a mount that the container can take away",
     [](MountScene& scene) {
       scene.status().bounding = CapSet{Cap::kSysAdmin};
       scene.InContainer({.at = "/run", .type = "tmpfs", .device = kHostRun});
       scene.InContainer({.at = "/run/docker.sock", .type = "tmpfs", .device = {0, 99}});
     },
     "fail"},
    {"nobody looked for the socket",
     [](MountScene& scene) { scene.snapshot.host.looked_for.clear(); }, "unknown"},
    {"the host's mounts are unreadable",
     [](MountScene& scene) { scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"the container's mounts are unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
    {"a table that was cut off", [](MountScene& scene) { scene.Own().truncated = true; },
     "unknown"},
    {"a table that was cut off after the finding",
     [](MountScene& scene) {
       scene.Own().truncated = true;
       scene.InContainer({.at = "/run", .type = "tmpfs", .device = kHostRun});
     },
     "fail"},
};

TEST(NoRuntimeSocket, GoesByThePlaceOfTheSocket) {
  for (const Case& each : kSocketCases) {
    EXPECT_EQ(Socket("FS-001", each.bend), each.expected) << each.name;
  }
}

// What runtimes listen on beside the list is told by /proc/net/unix.
TEST(NoRuntimeSocket, IsUnknownWhereListenersCouldNotBeRead) {
  const auto unread = [](MountScene& scene) {
    scene.snapshot.host.unix_sockets_read = Missing(ErrorCode::kDenied, 13);
  };
  EXPECT_EQ(Socket("FS-001", unread), "unknown");
  EXPECT_EQ(Socket("FS-011", unread), "pass");
}

TEST(NoRuntimeSocket, LetsDevicePluginsReachTheKubelet) {
  MountScene scene;
  AddDockerSocket(scene);
  scene.AddPath("/var/lib/kubelet/device-plugins/kubelet.sock", "", kDisk, "/plugins/kubelet.sock");
  scene.snapshot.host.paths.back().daemon = "kubelet";
  scene.InContainer({.at = "/plugins", .type = "ext4", .device = kDisk, .root = "/plugins"});
  EXPECT_EQ(Say(Judge(FilesystemChecks(), "FS-001", scene, SocketParams())), "pass");
  scene.snapshot.host.paths.back().daemon = "containerd";
  EXPECT_EQ(Say(Judge(FilesystemChecks(), "FS-001", scene, SocketParams())), "fail");
}

TEST(NoHostServiceSocket, GoesByThePlaceOfTheSocket) {
  for (const Case& each : kSocketCases) {
    EXPECT_EQ(Socket("FS-011", each.bend), each.expected) << each.name;
  }
}

// A runtime that listens on a path that no list knows; a directory where the socket would be.
TEST(NoRuntimeSocket, KnowsSocketsByTheirListenerAndNoDirectories) {
  const auto reach = [](std::string_view pattern, bool socket, std::string_view id) {
    MountScene scene;
    AddDockerSocket(scene);
    scene.AddPath("/srv/engine", pattern, kDisk, "/srv/engine", socket);
    scene.InContainer({.at = "/x", .type = "ext4", .device = kDisk, .root = "/srv"});
    return Say(Judge(FilesystemChecks(), id, scene, SocketParams()));
  };
  EXPECT_EQ(reach("", true, "FS-001"), "fail");
  EXPECT_EQ(reach("", true, "FS-011"), "pass");
  EXPECT_EQ(reach(kSocket, false, "FS-001"), "pass");
  EXPECT_EQ(reach(kSocket, false, "FS-011"), "fail");
  EXPECT_EQ(reach("/run/other.sock", true, "FS-001"), "pass");
}

TEST(NoRuntimeSocket, NamesTheMountAndTheSocket) {
  MountScene scene;
  AddDockerSocket(scene);
  scene.InContainer({.at = "/tmp/x", .type = "tmpfs", .device = kHostRun});
  EXPECT_EQ(Proof(FilesystemChecks(), "FS-001", scene, SocketParams()),
            std::vector<std::string>{"mountinfo: /tmp/x reaches the host's /run/docker.sock"});
}

constexpr Case kPropagationCases[] = {
    {"private", [](MountScene&) {}, "pass"},
    {"a peer of the host's",
     [](MountScene& scene) {
       scene.InContainer({.at = "/x", .type = "ext4", .device = kDisk, .shared = 1});
     },
     "fail"},
    {"a slave", [](MountScene& scene) { scene.At("/").master = 1; }, "pass"},
    {"shared among the container's own, as lxc does",
     [](MountScene& scene) { scene.At("/").shared = 49; }, "pass"},
    {"the host's table is unreadable, nothing is shared",
     [](MountScene& scene) { scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13); },
     "pass"},
    {"the host's table is unreadable",
     [](MountScene& scene) {
       scene.At("/").shared = 49;
       scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"the host's table was cut off",
     [](MountScene& scene) {
       scene.At("/").shared = 49;
       scene.OfHost().truncated = true;
     },
     "unknown"},
    {"unreadable", [](MountScene& scene) { scene.Own().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown"},
};

TEST(MountsNotShared, ComparesPeerGroupsWithTheHost) {
  for (const Case& each : kPropagationCases) {
    MountScene scene;
    each.bend(scene);
    EXPECT_EQ(Say(Judge(FilesystemChecks(), "FS-008", scene)), each.expected) << each.name;
  }
}

constexpr Case kRootCases[] = {
    {"writable", [](MountScene&) {}, "fail"},
    {"read-only", [](MountScene& scene) { scene.At("/").flags.read_only = true; }, "pass"},
    {"a read-only file system",
     [](MountScene& scene) { scene.At("/").flags.super_read_only = true; }, "pass"},
    {"a writable mount on top",
     [](MountScene& scene) {
       scene.At("/").flags.read_only = true;
       scene.InContainer({.at = "/", .type = "tmpfs", .device = {0, 99}});
     },
     "fail"},
    {"no root in the table", [](MountScene& scene) { scene.Unmount("/"); }, "unknown"},
    {"unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kVanished, 3); },
     "unknown"},
};

TEST(RootReadOnly, GoesByTheMountOnTop) {
  for (const Case& each : kRootCases) {
    MountScene scene;
    each.bend(scene);
    EXPECT_EQ(Say(Judge(FilesystemChecks(), "FS-009", scene)), each.expected) << each.name;
  }
}

}  // namespace
}  // namespace hullmark::testing
