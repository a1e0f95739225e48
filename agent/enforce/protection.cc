// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/protection.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::int16_t kSpared = -997;  // What the kubelet gives what a node cannot do without.

constexpr std::array<std::string_view, 8> kNever = {
    "pid 1, kernel threads, hullmark itself, and every cgroup that one of them is in or below",
    "processes of no container: container runtimes, shims, conmon, the kubelet, sshd, logins",
    "any cgroup that holds a process of somebody else than the container that is meant",
    "class pause",
    "services of systemd, unless a rule names class service; of those never systemd's own, "
    "runtimes, "
    "the kubelet and sshd",
    "what the selector 'infrastructure' means by names that root gave",
    "containers with a process whose oom_score_adj is -997 or less, or cannot be read",
    "anybody, where hullmark does not see the whole host"};

// Services that a host is lost without. Names of the host's own files: no container is judged by
// this list.
constexpr auto kHostPrograms = std::to_array<std::string_view>(
    {"agetty",      "buildkitd",    "conmon",    "conmonrs", "containerd", "crio",  "crun",
     "dbus-broker", "dbus-daemon",  "dockerd",   "hullmark", "incusd",     "init",  "kubelet",
     "login",       "lxc-monitord", "lxc-start", "lxcfs",    "lxd",        "nomad", "podman",
     "runc",        "sshd",         "sudo",      "systemd",  "youki"});

bool IsHostProgram(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  const auto name = path.substr(path.find_last_of('/') + 1);
  return name.starts_with("systemd-") || name.starts_with("containerd-shim") ||
         name.starts_with("(sd-") || std::ranges::binary_search(kHostPrograms, name);
}
static_assert(std::ranges::is_sorted(kHostPrograms));

// In a user namespace of his own anybody may mount what he likes at any path. One that cannot be
// read is the host's.
bool IsUsersOwn(const Snapshot& snapshot, const Process& process) {
  const auto own = process.leader.namespaces[NamespaceKind::kUser];
  const auto& hosts = snapshot.host.namespaces[std::to_underlying(NamespaceKind::kUser)];
  return own && hosts && *own != hosts->inode;
}

// It ended while it was looked at: whose it was cannot be told, and nobody can harm it. Else who
// forks fast enough would always have a stranger in his cgroup.
bool HasEnded(const Process& process) {
  const auto space = process.leader.namespaces[NamespaceKind::kPid];
  return !space &&
         (space.error().code == ErrorCode::kVanished || space.error().code == ErrorCode::kNotFound);
}

}  // namespace

bool RunsHostFiles(const Snapshot& snapshot, const Container& container, const Process& process) {
  return container.container_class == ContainerClass::kService ||
         (container.container_class == ContainerClass::kSandbox && !IsUsersOwn(snapshot, process));
}

Protection::Protection(const Snapshot& snapshot, const Selector& infrastructure, Pid self)
    : snapshot_(snapshot), infrastructure_(infrastructure), self_(self) {
  std::vector<std::uint32_t> owner(snapshot.processes.size(), kNobodys);
  for (std::uint32_t at = 0; at < snapshot.containers.size(); ++at) {
    for (const Member& member : snapshot.containers[at].members) {
      owner[static_cast<std::size_t>(member.process)] = at;
    }
  }
  for (std::size_t at = 0; at < snapshot.processes.size(); ++at) {
    if (owner[at] == kNobodys && HasEnded(snapshot.processes[at])) continue;
    for (std::optional<CgroupIndex> cgroup : CgroupsOf(snapshot.processes[at])) {
      for (; cgroup; cgroup = snapshot.At(*cgroup).parent) owners_[*cgroup].insert(owner[at]);
    }
  }
}

std::vector<CgroupIndex> Protection::CgroupsOf(const Process& process) const {
  if (!process.leader.cgroup) return {};
  return snapshot_.At(*process.leader.cgroup).cgroups;
}

bool Protection::IsWithin(std::uint32_t inner, std::uint32_t outer) const {
  // Bounded: a damaged Snapshot may have a ring.
  for (std::size_t steps = 0; steps <= snapshot_.containers.size(); ++steps) {
    if (inner == outer) return true;
    if (inner == kNobodys || !snapshot_.containers[inner].parent) return false;
    inner = *snapshot_.containers[inner].parent;
  }
  return false;
}

std::string Protection::WhyNot(std::uint32_t container) const {
  const Container& one = snapshot_.containers[container];
  std::string why = WhyNotOfItself(one);
  if (why.empty()) why = WhyNotOfMembers(one);
  return why.empty() ? WhyNotOfCgroup(container) : why;
}

std::string Protection::WhyNotOfItself(const Container& container) const {
  const Vantage& vantage = snapshot_.vantage;
  if (!vantage.initial_pid_namespace || !vantage.whole_cgroup_view || vantage.hidepid) {
    return "not the whole host is seen from here";
  }
  if (container.container_class == ContainerClass::kPause) return "it is of class pause";
  if (!IsEmpty(infrastructure_) &&
      Selects(infrastructure_, snapshot_, container, Belief::kRootOnly)) {
    return "it is infrastructure";
  }
  return "";
}

std::string Protection::WhyNotOfMembers(const Container& container) const {
  for (const Member& member : container.members) {
    const Process& process = snapshot_.At(member.process);
    const std::string pid = "pid " + std::to_string(static_cast<int>(process.pid));
    if (process.pid == Pid{1} || process.pid == self_) return "it has " + pid;
    if (!process.oom_score_adj) return pid + " does not tell its oom_score_adj";
    const bool of_host = RunsHostFiles(snapshot_, container, process);
    if (of_host && !process.executable) return pid + " does not tell what it runs";
    const auto program =
        of_host ? snapshot_.Text(snapshot_.At(*process.executable).path) : std::string_view();
    const std::string why = WhyNot(*process.oom_score_adj, program, of_host);
    if (!why.empty()) return pid + " " + why;
  }
  return "";
}

std::string Protection::WhyNot(std::int32_t oom_score_adj, std::string_view program, bool of_host) {
  if (oom_score_adj <= kSpared) return "has an oom_score_adj of -997 or less";
  return of_host && IsHostProgram(program) ? "is one that the host is lost without" : "";
}

std::string Protection::WhyNotOfCgroup(std::uint32_t container) const {
  const Container& one = snapshot_.containers[container];
  if (!one.cgroup) return "";
  const auto path = snapshot_.At(*one.cgroup).path;
  for (const auto& [cgroup, owners] : owners_) {
    if (snapshot_.At(cgroup).path != path) continue;  // The same container in each hierarchy.
    for (const std::uint32_t owner : owners) {
      if (!IsWithin(owner, container)) {
        return "its cgroup " + std::string(snapshot_.Text(path)) + " holds processes of others";
      }
    }
  }
  return "";
}

std::span<const std::string_view> NeverList() { return kNever; }

}  // namespace hullmark
