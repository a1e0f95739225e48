// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/collect/host_scene.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/collect/collect.h"
#include "agent/collect/host.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

HostTest::HostTest() {
  for (const char* const name : {"proc/sys/kernel", "sys", "host"}) tree_.MakeDirectory(name);
  snapshot_.vantage.initial_pid_namespace = true;
  snapshot_.vantage.initial_user_namespace = true;
  snapshot_.mount_namespaces.push_back({.mounts = std::vector<Mount>{}});
  snapshot_.host.mounts = MountNamespaceIndex{0};
  AddMount(1, "/", "/", "ext4", {.major = 8, .minor = 1});
  for (const auto kind :
       {NamespaceKind::kPid, NamespaceKind::kNet, NamespaceKind::kUts, NamespaceKind::kUser}) {
    const auto at = std::to_underlying(kind);
    snapshot_.host.namespaces.at(at) = ReferenceNamespace{.inode = HostInode(kind)};
    SetOwn(kind, HostInode(kind));
  }
}

void HostTest::SetOwn(NamespaceKind kind, NamespaceInode inode) const {
  const std::string name(kNamespaceNames.at(std::to_underlying(kind)));
  tree_.Link("proc/self/ns/" + name, name + ":[" + std::to_string(std::to_underlying(inode)) + "]");
}

void HostTest::MakeSocket(const std::string& path) const {
  const std::filesystem::path place = tree_.Path(path);
  std::filesystem::create_directories(place.parent_path());
  ASSERT_EQ(mknod(place.c_str(), S_IFSOCK | 0660, 0), 0);
}

void HostTest::AddMount(std::uint32_t id, std::string_view root, std::string_view point,
                        std::string_view type, DeviceNumber device) {
  auto& strings = snapshot_.strings;
  Mount mount;
  mount.id = id;
  mount.device = device;
  mount.root = strings.Intern(root);
  mount.mount_point = strings.Intern(point);
  mount.type = strings.Intern(type);
  snapshot_.mount_namespaces.front().mounts->push_back(mount);
}

void HostTest::AddProcess(int pid, std::string_view program, NamespaceInode pid_namespace) {
  Process process;
  process.pid = Pid{pid};
  process.leader.namespaces.Set(NamespaceKind::kPid, pid_namespace);
  process.leader.namespaces.Set(NamespaceKind::kUser, HostInode(NamespaceKind::kUser));
  process.leader.namespaces.Set(NamespaceKind::kNet, HostInode(NamespaceKind::kNet));
  process.leader.status = ProcStatus{};
  process.executable = ExecutableIndex{static_cast<std::uint32_t>(snapshot_.executables.size())};
  snapshot_.executables.push_back({.path = snapshot_.strings.Intern(program), .links = 1});
  snapshot_.processes.push_back(process);
  tree_.MakeDirectory("proc/" + std::to_string(pid) + "/fd");
  WriteStat(pid, 0);
}

void HostTest::WriteStat(int pid, int start) const {
  tree_.Write("proc/" + std::to_string(pid) + "/stat",
              std::to_string(pid) + " (app) S 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 " +
                  std::to_string(start) + " 0 0 0 1 2 3\n");
}

const Host& HostTest::Collected() {
  Roots roots;
  roots.proc = tree_.Open("proc");
  roots.sys = tree_.Open("sys");
  roots.host = tree_.Open("host");
  roots.plain = true;
  CollectHost(roots, options_, snapshot_);
  return snapshot_.host;
}

const Host& HostTest::Recollected() {
  snapshot_.host.sysctls.clear();
  snapshot_.host.paths.clear();
  snapshot_.host.looked_for.clear();
  snapshot_.host.runtime_daemons.clear();
  return Collected();
}

const HostPath* PathOf(const Host& host, std::string_view path) {
  const auto found = std::ranges::find(host.paths, path, &HostPath::path);
  return found == host.paths.end() ? nullptr : &*found;
}

}  // namespace hullmark
