// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/world.h"

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/runtime/attribute.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

NamespaceInode Inode(NamespaceKind kind, int number) {
  return NamespaceInode{static_cast<std::uint32_t>(number * 10 + std::to_underlying(kind) + 1)};
}

std::uint8_t Bits(std::initializer_list<Controller> controllers) {
  unsigned bits = 0;
  for (const Controller controller : controllers) bits |= 1U << std::to_underlying(controller);
  return static_cast<std::uint8_t>(bits);
}

Fact<std::vector<std::string>> NamesBelow(const std::set<std::string, std::less<>>& paths,
                                          std::string_view directory) {
  std::set<std::string> names;
  const auto prefix = std::string(directory) + "/";
  for (const auto& path : paths) {
    if (!path.starts_with(prefix)) continue;
    const auto rest = path.substr(prefix.size());
    names.insert(rest.substr(0, rest.find('/')));
  }
  if (names.empty()) return Missing(ErrorCode::kNotFound, 2);
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace

World::World(Layout layout) {
  for (std::size_t i = 0; i < kNamespaceKinds; ++i) {
    snapshot.host.namespaces[i] =
        ReferenceNamespace{.inode = Inode(static_cast<NamespaceKind>(i), 0)};
  }
  snapshot.vantage.initial_pid_namespace = true;
  const auto add = [&](CgroupVersion version, std::string_view name, std::uint8_t controllers) {
    Hierarchy hierarchy;
    hierarchy.version = version;
    hierarchy.name = snapshot.strings.Intern(name);
    hierarchy.controllers = controllers;
    snapshot.hierarchies.push_back(hierarchy);
  };
  if (layout == Layout::kV2) {
    add(CgroupVersion::kV2, "",
        Bits({Controller::kMemory, Controller::kCpu, Controller::kPids, Controller::kIo}));
  } else {
    add(CgroupVersion::kV1, "memory", Bits({Controller::kMemory}));
    add(CgroupVersion::kV1, "pids", Bits({Controller::kPids}));
    add(CgroupVersion::kV1, "name=systemd", 0);
    add(CgroupVersion::kV2, "", 0);
  }
  HostRoot(0);
  snapshot.host.mounts = MountNamespaceIndex{0};
  Add({.pid = 1, .parent = 0, .program = "/sbin/init"});
}

void World::AddMounts(int mnt, std::optional<Mount> root) {
  const auto inode = Inode(NamespaceKind::kMnt, mnt);
  auto& rows = snapshot.mount_namespaces;
  auto at = std::ranges::lower_bound(rows, inode, {}, &MountNamespace::inode);
  if (at == rows.end() || at->inode != inode) at = rows.insert(at, MountNamespace{.inode = inode});
  at->mounts = root ? std::vector{*root} : std::vector<Mount>{};
}

void World::Root(int mnt, std::uint32_t device, std::string_view root) {
  Mount mount;
  mount.id = mnt == 0 ? kHostMount : static_cast<std::uint32_t>(1000 + mnt);
  mount.device = {.major = 0, .minor = device};
  mount.root = snapshot.strings.Intern(root);
  mount.mount_point = snapshot.strings.Intern("/");
  AddMounts(mnt, mount);
}

void World::HostRoot(int mnt) { Root(mnt, 1); }

void World::NoRoot(int mnt) { AddMounts(mnt, std::nullopt); }

Spec World::Isolated(int pid, int parent, int number, std::string cgroup) {
  Spec spec{.pid = pid, .parent = parent, .cgroup = std::move(cgroup)};
  spec.mnt = spec.pids = spec.net = spec.ipc = spec.uts = number;
  spec.number = 1;
  return spec;
}

Process& World::Add(const Spec& spec) {
  const auto mounts = Inode(NamespaceKind::kMnt, spec.mnt);
  if (FindMountNamespace(snapshot, mounts) == nullptr) {
    Root(spec.mnt, static_cast<std::uint32_t>(1000 + spec.mnt));
  }
  Process process;
  process.pid = Pid{static_cast<pid_t>(spec.pid)};
  process.stat.parent = spec.parent;
  process.stat.state = 'S';
  process.stat.start =
      BootTicks{static_cast<std::uint64_t>(spec.start == 0 ? spec.pid : spec.start)};
  ProcStatus status;
  status.innermost_pid = spec.number == 0 ? spec.pid : spec.number;
  status.pid_depth = spec.pids == 0 ? 1 : 2;
  status.threads = 1;
  status.uid = {.real = Uid{spec.uid},
                .effective = Uid{spec.uid},
                .saved = Uid{spec.uid},
                .fs = Uid{spec.uid}};
  process.leader.status = status;
  const std::array numbers = {spec.mnt, spec.pids, spec.net, spec.ipc, spec.uts, spec.user, 0, 0};
  for (std::size_t i = 0; i < kNamespaceKinds; ++i) {
    const auto kind = static_cast<NamespaceKind>(i);
    process.leader.namespaces.Set(kind, Inode(kind, numbers[i]));
  }
  process.leader.cgroup = MembershipOf({}, spec.cgroup);
  Executable executable;
  executable.path = snapshot.strings.Intern(spec.program);
  if (spec.program_mount != 0) executable.mount_id = spec.program_mount;
  snapshot.executables.push_back(executable);
  process.executable = ExecutableIndex{static_cast<std::uint32_t>(snapshot.executables.size() - 1)};
  auto& rows = snapshot.processes;
  return *rows.insert(std::ranges::lower_bound(rows, process.pid, {}, &Process::pid), process);
}

void World::Place(int pid, const std::map<std::string, std::string>& per_hierarchy) {
  Of(pid).leader.cgroup = MembershipOf(per_hierarchy, "/");
}

MembershipIndex World::MembershipOf(const std::map<std::string, std::string>& per_hierarchy,
                                    std::string_view otherwise) {
  Membership membership;
  for (std::size_t i = 0; i < snapshot.hierarchies.size(); ++i) {
    const auto found = per_hierarchy.find(TextOf(snapshot.hierarchies[i].name));
    membership.cgroups.push_back(
        CgroupAt(HierarchyIndex{static_cast<std::uint32_t>(i)},
                 found == per_hierarchy.end() ? otherwise : found->second));
  }
  for (std::size_t i = 0; i < snapshot.memberships.size(); ++i) {
    if (snapshot.memberships[i].cgroups == membership.cgroups) {
      return MembershipIndex{static_cast<std::uint32_t>(i)};
    }
  }
  snapshot.memberships.push_back(std::move(membership));
  return MembershipIndex{static_cast<std::uint32_t>(snapshot.memberships.size() - 1)};
}

CgroupIndex World::CgroupAt(HierarchyIndex hierarchy, std::string_view path) {
  const auto text = snapshot.strings.Intern(path);
  for (std::size_t i = 0; i < snapshot.cgroups.size(); ++i) {
    const auto& row = snapshot.cgroups[i];
    if (row.hierarchy == hierarchy && row.path == text) {
      return CgroupIndex{static_cast<std::uint32_t>(i)};
    }
  }
  Cgroup cgroup{.hierarchy = hierarchy, .parent = std::nullopt, .path = text};
  if (path != "/") {
    const auto slash = path.rfind('/');
    cgroup.parent = CgroupAt(hierarchy, slash == 0 ? "/" : path.substr(0, slash));
  }
  snapshot.cgroups.push_back(cgroup);
  return CgroupIndex{static_cast<std::uint32_t>(snapshot.cgroups.size() - 1)};
}

void World::File(std::string path, std::string text, std::uint32_t owner) {
  FileIdentity& identity = identities_[path];
  ++identity.inode;
  identity.changed = written_at;
  files_.insert_or_assign(std::move(path),
                          ClaimFile{.text = std::move(text),
                                    .owner = Uid{owner},
                                    .trust = owner == 0 ? Trust::kRoot : Trust::kUser});
}

void World::Arguments(int pid, std::vector<std::string> arguments) {
  arguments_[pid] = std::move(arguments);
}

HostReader World::Reader() const {
  HostReader reader;
  reader.read = [this](std::string_view path) -> Fact<ClaimFile> {
    ++reads_[std::string(path)];
    if (denied_.contains(path)) return Missing(ErrorCode::kDenied, 13);
    const auto found = files_.find(path);
    if (found == files_.end()) return Missing(ErrorCode::kNotFound, 2);
    return found->second;
  };
  reader.identify = [this](std::string_view path) -> Fact<FileIdentity> {
    if (denied_.contains(path)) return Missing(ErrorCode::kDenied, 13);
    const auto found = identities_.find(path);
    if (found == identities_.end()) return Missing(ErrorCode::kNotFound, 2);
    return found->second;
  };
  reader.list = [this](std::string_view directory) {
    auto paths = denied_;
    for (const auto& [path, file] : files_) paths.insert(path);
    return NamesBelow(paths, directory);
  };
  reader.arguments = [this](const Process& process) -> Fact<std::vector<std::string>> {
    const auto found = arguments_.find(std::to_underlying(process.pid));
    if (found == arguments_.end()) return Missing(ErrorCode::kVanished, 3);
    return found->second;
  };
  reader.home = [this](Uid uid) -> Fact<std::string> {
    const auto found = homes_.find(std::to_underlying(uid));
    if (found == homes_.end()) return Missing(ErrorCode::kNotFound, 2);
    return found->second;
  };
  reader.runs_virtual_machine = [this](const Process& process) -> Fact<bool> {
    return machines_.contains(std::to_underlying(process.pid));
  };
  return reader;
}

Process& World::Of(int pid) {
  return *std::ranges::find(snapshot.processes, Pid{static_cast<pid_t>(pid)}, &Process::pid);
}

const Container* World::ContainerOf(int pid) const {
  for (const auto& container : snapshot.containers) {
    const auto pids = PidsOf(container);
    if (std::ranges::find(pids, pid) != pids.end()) return &container;
  }
  return nullptr;
}

const Member* World::MemberOf(int pid) const {
  for (const auto& container : snapshot.containers) {
    for (const auto& member : container.members) {
      if (std::to_underlying(snapshot.At(member.process).pid) == pid) return &member;
    }
  }
  return nullptr;
}

std::string World::CgroupOf(const Container& container) const {
  return container.cgroup ? TextOf(snapshot.At(*container.cgroup).path) : "none";
}

int World::InitOf(const Container& container) const {
  return container.init ? std::to_underlying(snapshot.At(*container.init).pid) : 0;
}

std::vector<int> World::PidsOf(const Container& container) const {
  std::vector<int> pids;
  for (const auto& member : container.members) {
    pids.push_back(std::to_underlying(snapshot.At(member.process).pid));
  }
  return pids;
}

std::vector<std::string> World::NotesOf(const Container& container) const {
  std::vector<std::string> notes;
  for (const StringId note : container.notes) notes.push_back(TextOf(note));
  return notes;
}

// Braces would hold two characters.
// NOLINTNEXTLINE(modernize-return-braced-init-list)
std::string Id(char digit) { return std::string(64, digit); }

}  // namespace hullmark
