// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/mount_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

struct Case {
  std::string_view name;
  void (*bend)(MountScene&);
  std::string_view root;         // FS-002.
  std::string_view directories;  // FS-003.
};

std::vector<Glob> Globs(std::initializer_list<std::string_view> patterns) {
  std::vector<Glob> globs;
  for (const std::string_view pattern : patterns) globs.emplace_back(pattern);
  return globs;
}

Params DirectoryParams() {
  return Of({
      Strings({"/boot", "/dev", "/etc", "/home", "/usr", "/var/lib/docker", "/var/lib/kubelet",
               "/run", "/var/log", "/proc", "/sys"}),
      Globs({"/var/lib/docker/containers/*/{hostname,hosts,resolv.conf,mounts/**}",
             "/var/lib/kubelet/pods/*/{etc-hosts,containers/**,volumes/**,volume-subpaths/**}",
             "/var/lib/docker/volumes/**"}),
      Globs({"/dev/null", "/dev/zero", "/dev/tty", "/usr/share/zoneinfo/**"}),
      std::vector<MountRule>{{.path = Glob("/run/xtables.lock"), .read_only = false},
                             {.path = Glob("/usr/lib/**/*.so*"), .read_only = true}},
      std::int64_t{10},
      std::int64_t{2},
  });
}

std::string RootOf(const MountScene& scene) {
  return Say(Judge(FilesystemChecks(), "FS-002", scene, Of({std::int64_t{50}})));
}
std::string DirectoriesOf(const MountScene& scene) {
  return Say(Judge(FilesystemChecks(), "FS-003", scene, DirectoryParams()));
}

void Bind(MountScene& scene, std::string_view host_path, bool read_only = false) {
  scene.InContainer(
      {.at = "/mnt/x", .type = "ext4", .device = kDisk, .root = host_path, .read_only = read_only});
}

// The host on btrfs: "/" is the subvolume "/@", its file system's root is mounted elsewhere.
void UseBtrfs(MountScene& scene) {
  scene.OfHost().mounts->front().root = scene.snapshot.strings.Intern("/@");
  scene.OnHost({.at = "/mnt/pool", .type = "btrfs", .device = kDisk});
}

constexpr Case kCases[] = {
    {"docker's default: resolv.conf, hostname, shm, masks", [](MountScene&) {}, "pass", "pass"},
    {"-v /:/host",
     [](MountScene& scene) { scene.InContainer({.at = "/host", .type = "ext4", .device = kDisk}); },
     "fail", "fail"},
    {"-v /:/host:ro, as node-exporter has it",
     [](MountScene& scene) {
       scene.InContainer({.at = "/host", .type = "ext4", .device = kDisk, .read_only = true});
     },
     "fail high/50", "fail medium/10"},
    {"a file system of its own that is no part of the host",
     [](MountScene& scene) { scene.InContainer({.at = "/x", .type = "ext4", .device = {8, 99}}); },
     "pass", "pass"},
    {"/etc", [](MountScene& scene) { Bind(scene, "/etc"); }, "pass", "fail"},
    {"/etc, read-only", [](MountScene& scene) { Bind(scene, "/etc", true); }, "pass",
     "fail medium/10"},
    {"below a listed path", [](MountScene& scene) { Bind(scene, "/etc/ssl"); }, "pass", "fail"},
    {"above a listed path", [](MountScene& scene) { Bind(scene, "/var/lib"); }, "pass", "fail"},
    {"a path of similar name", [](MountScene& scene) { Bind(scene, "/etcetera"); }, "pass", "pass"},
    {"application data", [](MountScene& scene) { Bind(scene, "/srv/app"); }, "pass", "pass"},
    {"an allowed file", [](MountScene& scene) { Bind(scene, "/dev/null", true); }, "pass", "pass"},
    {"a named volume", [](MountScene& scene) { Bind(scene, "/var/lib/docker/volumes/db/_data"); },
     "pass", "pass"},
    {"another container's files",
     [](MountScene& scene) { Bind(scene, "/var/lib/docker/overlay2"); }, "pass", "fail"},
    {"a small one",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/x", .type = "tmpfs", .device = kHostRun, .root = "/xtables.lock"});
     },
     "pass", "fail low/2"},
    {"the socket of a runtime, alone",
     [](MountScene& scene) {
       scene.AddPath("/run/docker.sock", "/run/docker.sock", kHostRun, "/docker.sock");
       scene.InContainer({.at = "/x", .type = "tmpfs", .device = kHostRun, .root = "/docker.sock"});
     },
     "pass", "pass"},
    {"the host's time zone",
     [](MountScene& scene) { Bind(scene, "/usr/share/zoneinfo/Europe/Rome", true); }, "pass",
     "pass"},
    {"a driver's library, read-only",
     [](MountScene& scene) { Bind(scene, "/usr/lib/x86_64/libcuda.so.1", true); }, "pass",
     "fail low/2"},
    {"a driver's library, writable",
     [](MountScene& scene) { Bind(scene, "/usr/lib/x86_64/libcuda.so.1"); }, "pass", "fail"},
    {"the kubelet's own files",
     [](MountScene& scene) { Bind(scene, "/var/lib/kubelet/pods/u/etc-hosts"); }, "pass", "pass"},
    {"the kubelet's keys", [](MountScene& scene) { Bind(scene, "/var/lib/kubelet/pki"); }, "pass",
     "fail"},
    {"a bind whose source is gone",
     [](MountScene& scene) {
       Bind(scene, "/etc/old");
       scene.At("/mnt/x").flags.root_deleted = true;
     },
     "pass", "pass"},
    {"a null device of the host, with a user namespace",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/dev/null", .type = "devtmpfs", .device = kHostDev, .root = "/null"});
       scene.InContainer(
           {.at = "/proc/kcore", .type = "devtmpfs", .device = kHostDev, .root = "/null"});
     },
     "pass", "pass"},
    {"another device of the host",
     [](MountScene& scene) {
       scene.InContainer({.at = "/dev/x", .type = "devtmpfs", .device = kHostDev, .root = "/sda"});
     },
     "pass", "fail"},
    {"a console, as lxc gives it",
     [](MountScene& scene) {
       scene.InContainer(
           {.at = "/dev/console", .type = "devpts", .device = kHostPts, .root = "/0"});
     },
     "pass", "pass"},
    {"the host's terminals",
     [](MountScene& scene) {
       scene.InContainer({.at = "/dev/pts", .type = "devpts", .device = kHostPts});
     },
     "pass", "fail"},
    {"the host's sysfs in the host's network namespace",
     [](MountScene& scene) {
       scene.At("/sys").device = kHostSys;
       scene.UseHost(NamespaceKind::kNet);
     },
     "pass", "pass"},
    {"the host's sysfs in a network namespace of its own",
     [](MountScene& scene) { scene.At("/sys").device = kHostSys; }, "pass", "fail medium/10"},
    {"the host's sysfs, and nobody knows the network namespace",
     [](MountScene& scene) {
       scene.At("/sys").device = kHostSys;
       scene.task().namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kDenied, 13));
     },
     "pass", "unknown"},
    {"the host's procfs in the host's pid namespace",
     [](MountScene& scene) {
       scene.At("/proc").device = kHostProc;
       scene.UseHost(NamespaceKind::kPid);
     },
     "pass", "pass"},
    {"the host's /proc",
     [](MountScene& scene) {
       scene.InContainer({.at = "/x", .type = "proc", .device = kHostProc});
     },
     "pass", "fail"},
    {"/dev/shm in the host's ipc namespace",
     [](MountScene& scene) {
       scene.At("/dev/shm").device = kHostShm;
       scene.UseHost(NamespaceKind::kIpc);
     },
     "pass", "pass"},
    {"/dev/shm of the host all the same",
     [](MountScene& scene) { scene.At("/dev/shm").device = kHostShm; }, "pass", "fail"},
    {"a root file system that is a directory below a listed path, as vfs has it",
     [](MountScene& scene) {
       scene.At("/").device = kDisk;
       scene.At("/").root = scene.snapshot.strings.Intern("/home/u/.local/vfs/abc");
       Bind(scene, "/home/u/.local/vfs/abc/data");
     },
     "pass", "pass"},
    {"a container on the host's root", [](MountScene& scene) { scene.At("/").device = kDisk; },
     "fail", "fail"},
    {"a service on the host's root",
     [](MountScene& scene) {
       scene.At("/").device = kDisk;
       scene.container().container_class = ContainerClass::kService;
     },
     "n/a", "n/a"},
    {"a service with a root of its own",
     [](MountScene& scene) {
       Bind(scene, "/etc");
       scene.container().container_class = ContainerClass::kService;
     },
     "pass", "fail"},
    {"btrfs: the host's subvolume",
     [](MountScene& scene) {
       UseBtrfs(scene);
       Bind(scene, "/@");
     },
     "fail", "fail"},
    {"btrfs: the root above the host's subvolume",
     [](MountScene& scene) {
       UseBtrfs(scene);
       Bind(scene, "/");
     },
     "fail", "fail"},
    {"btrfs: a directory of the host",
     [](MountScene& scene) {
       UseBtrfs(scene);
       Bind(scene, "/@/etc");
     },
     "pass", "fail"},
    {"btrfs: another subvolume",
     [](MountScene& scene) {
       UseBtrfs(scene);
       Bind(scene, "/@data");
     },
     "pass", "pass"},
    {"a volume that the kubelet mounts twice",
     [](MountScene& scene) {
       scene.OnHost({.at = "/var/lib/kubelet/plugins/csi/pv", .type = "ext4", .device = {8, 16}});
       scene.OnHost(
           {.at = "/var/lib/kubelet/pods/u/volumes/pv", .type = "ext4", .device = {8, 16}});
       scene.InContainer({.at = "/data", .type = "ext4", .device = {8, 16}});
     },
     "pass", "pass"},
    {"a part of a host path that the kubelet binds below its own",
     [](MountScene& scene) {
       scene.OnHost({.at = "/var/lib/kubelet/pods/u/volume-subpaths/x",
                     .type = "ext4",
                     .device = kDisk,
                     .root = "/etc/ssh"});
       Bind(scene, "/etc/ssh");
     },
     "pass", "fail"},
    {"the container's mounts are unreadable",
     [](MountScene& scene) { scene.container().mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown", "unknown"},
    {"the host's mounts are unreadable",
     [](MountScene& scene) { scene.snapshot.host.mounts = Missing(ErrorCode::kDenied, 13); },
     "unknown", "unknown"},
    {"cut off", [](MountScene& scene) { scene.Own().truncated = true; }, "unknown", "unknown"},
    {"cut off after a mild finding: ignorance is never cheaper",
     [](MountScene& scene) {
       Bind(scene, "/etc", true);
       scene.Own().truncated = true;
     },
     "unknown", "fail"},
};

TEST(HostDirectories, GoByDeviceAndPath) {
  for (const Case& each : kCases) {
    MountScene scene;
    each.bend(scene);
    EXPECT_EQ(RootOf(scene), each.root) << each.name;
    EXPECT_EQ(DirectoriesOf(scene), each.directories) << each.name;
  }
}

// With the host's root some ninety mounts come along: they are one finding.
TEST(HostDirectories, OfAHostRootAreOneLine) {
  MountScene scene;
  scene.InContainer({.at = "/host", .type = "ext4", .device = kDisk});
  for (int i = 0; i < 90; ++i) {
    const std::string path = "/var/lib/docker/overlay2/" + std::to_string(i);
    const DeviceNumber device = {1, static_cast<std::uint32_t>(i)};
    scene.OnHost({.at = path, .type = "overlay", .device = device});
    scene.InContainer({.at = "/host" + path, .type = "overlay", .device = device});
  }
  scene.InContainer({.at = "/mnt/etc", .type = "ext4", .device = kDisk, .root = "/etc"});
  EXPECT_EQ(Proof(FilesystemChecks(), "FS-003", scene, DirectoryParams()),
            (std::vector<std::string>{"mountinfo: /host (writable) is the host's /",
                                      "mountinfo: /mnt/etc (writable) is the host's /etc",
                                      ": and 90 more mounts"}));
  EXPECT_EQ(Proof(FilesystemChecks(), "FS-002", scene, Of({std::int64_t{50}})),
            std::vector<std::string>{"mountinfo: /host (writable) is the host's root"});
}

TEST(HostDirectories, ShowTheWorstFirstAndNotAHundred) {
  MountScene scene;
  for (int i = 0; i < 20; ++i) {
    scene.InContainer({.at = "/mnt/" + std::to_string(i),
                       .type = "ext4",
                       .device = kDisk,
                       .root = "/etc",
                       .read_only = i != 3});
  }
  const auto proof = Proof(FilesystemChecks(), "FS-003", scene, DirectoryParams());
  ASSERT_EQ(proof.size(), 9U);
  EXPECT_EQ(proof.front(), "mountinfo: /mnt/3 (writable) is the host's /etc");
  EXPECT_EQ(proof.back(), ": and 12 more mounts");
}

}  // namespace
}  // namespace hullmark::testing
