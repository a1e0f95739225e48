// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/checks/mount_scene.h"

#include <cstddef>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "checks/mount_paths.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark::testing {
namespace {

constexpr Line kHostMounts[] = {
    {.at = "/", .type = "ext4", .device = kDisk, .shared = 1},
    {.at = "/proc", .type = "proc", .device = kHostProc, .shared = 2},
    {.at = "/sys", .type = "sysfs", .device = kHostSys, .shared = 3},
    {.at = "/sys/fs/cgroup", .type = "cgroup2", .device = kCgroup2, .shared = 4},
    {.at = "/dev", .type = "devtmpfs", .device = kHostDev, .shared = 5},
    {.at = "/dev/shm", .type = "tmpfs", .device = kHostShm, .shared = 6},
    {.at = "/dev/pts", .type = "devpts", .device = kHostPts, .shared = 7},
    {.at = "/run", .type = "tmpfs", .device = kHostRun, .shared = 8},
    {.at = "/var/lib/docker/overlay2/abc/merged", .type = "overlay", .device = kRootfs},
};

constexpr Line kContainerMounts[] = {
    {.at = "/",
     .type = "overlay",
     .device = kRootfs,
     .upper_dir = "/var/lib/docker/overlay2/abc/diff"},
    {.at = "/proc", .type = "proc", .device = kOwnProc},
    {.at = "/dev", .type = "tmpfs", .device = kOwnDev},
    {.at = "/dev/pts", .type = "devpts", .device = {0, 44}},
    {.at = "/sys", .type = "sysfs", .device = kOwnSys, .read_only = true},
    {.at = "/sys/fs/cgroup",
     .type = "cgroup2",
     .device = kCgroup2,
     .root = "/system.slice/docker-abc.scope",
     .read_only = true},
    {.at = "/dev/mqueue", .type = "mqueue", .device = {0, 46}},
    {.at = "/dev/shm", .type = "tmpfs", .device = {0, 47}},
    {.at = "/etc/resolv.conf",
     .type = "ext4",
     .device = kDisk,
     .root = "/var/lib/docker/containers/abc/resolv.conf"},
    {.at = "/etc/hostname",
     .type = "ext4",
     .device = kDisk,
     .root = "/var/lib/docker/containers/abc/hostname"},
    {.at = "/proc/bus", .type = "proc", .device = kOwnProc, .root = "/bus", .read_only = true},
    {.at = "/proc/sys", .type = "proc", .device = kOwnProc, .root = "/sys", .read_only = true},
    {.at = "/proc/acpi", .type = "tmpfs", .device = {0, 48}, .read_only = true},
    {.at = "/proc/keys", .type = "tmpfs", .device = kOwnDev, .root = "/null"},
    {.at = "/sys/firmware", .type = "tmpfs", .device = {0, 49}, .read_only = true},
};

}  // namespace

MountScene::MountScene() {
  snapshot.mount_namespaces.resize(2);
  for (MountNamespace& each : snapshot.mount_namespaces) each.mounts = std::vector<Mount>{};
  snapshot.mount_namespaces[0].inode = NamespaceInode{4026531832};
  snapshot.mount_namespaces[1].inode = *task().namespaces[NamespaceKind::kMnt];
  for (const Line& line : kHostMounts) OnHost(line);
  for (const Line& line : kContainerMounts) InContainer(line);
  snapshot.host.mounts = MountNamespaceIndex{0};
  snapshot.host.masked_paths_present = std::vector<std::string>{
      "/proc/acpi", "/proc/keys", "/sys/firmware", "/proc/bus", "/proc/sys"};
  container().mounts = MountNamespaceIndex{1};
  UseHost(NamespaceKind::kUser);
}

void MountScene::Add(std::size_t table, const Line& line) {
  std::vector<Mount>& mounts = *snapshot.mount_namespaces[table].mounts;
  const Mount* const below = CoveringMount(snapshot, mounts, line.at);
  Mount mount;
  mount.id = next_id_++;
  mount.parent = below == nullptr ? 1 : below->id;
  mount.device = line.device;
  mount.root = snapshot.strings.Intern(line.root);
  mount.mount_point = snapshot.strings.Intern(line.at);
  mount.type = snapshot.strings.Intern(line.type);
  mount.upper_dir = snapshot.strings.Intern(line.upper_dir);
  mount.shared = line.shared;
  mount.flags.read_only = line.read_only;
  mount.flags.root_deleted = line.deleted;
  mounts.push_back(mount);
}

Mount& MountScene::At(std::string_view at) {
  for (Mount& mount : std::views::reverse(*Own().mounts)) {
    if (snapshot.Text(mount.mount_point) == at) return mount;
  }
  throw std::logic_error("nothing is mounted at " + std::string(at));
}

void MountScene::Unmount(std::string_view at) {
  std::erase_if(*Own().mounts,
                [&](const Mount& mount) { return snapshot.Text(mount.mount_point) == at; });
}

void MountScene::AddPath(std::string_view path, std::string_view pattern, DeviceNumber device,
                         std::string_view root, bool socket) {
  snapshot.host.paths.push_back({.path = std::string(path),
                                 .pattern = std::string(pattern),
                                 .device = device,
                                 .root = std::string(root),
                                 .socket = socket,
                                 .mode = 0660});
}

}  // namespace hullmark::testing
