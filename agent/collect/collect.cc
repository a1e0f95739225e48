// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/collect.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/cgroup_files.h"
#include "agent/collect/claims.h"
#include "agent/collect/host.h"
#include "agent/collect/limits.h"
#include "agent/collect/membership.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/reference.h"
#include "agent/runtime/attribute.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Numbers among the names of /proc, ascending as numbers.
std::vector<std::string> ProcessNames(const std::vector<std::string>& names) {
  std::vector<std::string> numbers;
  for (const std::string& name : names) {
    const bool number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (number) numbers.push_back(name);
  }
  std::ranges::sort(numbers, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return numbers;
}

// Room for what is in /proc beside processes.
constexpr std::size_t kOtherNames = 1'000;

constexpr std::size_t kProgressEvery = 256;

Result<std::vector<std::string>> ListProcesses(const Roots& roots, const CollectOptions& options,
                                               ScanCounts& counts) {
  auto names = ListDirectory(roots.proc.get(), ".", options.most_processes + kOtherNames);
  if (!names) {
    const bool too_many = names.error().code == ErrorCode::kTruncated;
    return Fail(names.error().code,
                too_many ? "/proc: more processes than hullmark accepts"
                         : "/proc: cannot be listed: " + std::string(NameOf(names.error().code)));
  }
  auto numbers = ProcessNames(*names);
  if (numbers.size() > options.most_processes) {
    numbers.resize(options.most_processes);
    counts.processes_truncated = true;
  }
  counts.listed = static_cast<std::uint32_t>(numbers.size());
  return numbers;
}

// The tables are searched by inode from now on. The host's own table comes first, whatever a
// process of the same namespace showed.
void SortNamespaces(Snapshot& snapshot) {
  const bool has_host = snapshot.host.mounts.has_value();
  const NamespaceInode host_inode =
      has_host ? snapshot.mount_namespaces.front().inode : NamespaceInode{};
  std::ranges::stable_sort(snapshot.mount_namespaces, {}, &MountNamespace::inode);
  const auto repeated = std::ranges::unique(snapshot.mount_namespaces, {}, &MountNamespace::inode);
  snapshot.mount_namespaces.erase(repeated.begin(), repeated.end());
  std::ranges::sort(snapshot.user_namespaces, {}, &UserNamespace::inode);
  if (has_host) {
    const auto at =
        std::ranges::lower_bound(snapshot.mount_namespaces, host_inode, {}, &MountNamespace::inode);
    snapshot.host.mounts =
        MountNamespaceIndex{static_cast<std::uint32_t>(at - snapshot.mount_namespaces.begin())};
  }
}

// Whose cgroups hold a container's limits: its init's, then those of other members that differ.
std::vector<MembershipIndex> MembershipsOf(const Snapshot& snapshot, const Container& container) {
  std::vector<MembershipIndex> memberships;
  const auto add = [&](ProcessIndex at) {
    const auto& cgroup = snapshot.At(at).leader.cgroup;
    if (!cgroup || std::ranges::find(memberships, *cgroup) != memberships.end()) return;
    memberships.push_back(*cgroup);
  };
  if (container.init) add(*container.init);
  for (const Member& member : container.members) {
    if (!member.outside_cgroup) add(member.process);
  }
  return memberships;
}

void CollectLimits(Snapshot& snapshot, CgroupFiles& files) {
  for (Container& container : snapshot.containers) {
    if (container.cgroup) files.ReadPath(*container.cgroup);
    const auto members = MembershipsOf(snapshot, container);
    if (members.empty()) continue;
    for (const CgroupIndex cgroup : snapshot.At(members.front()).cgroups) files.ReadPath(cgroup);
    container.limits = ComputeLimits(snapshot, members, container.cgroup);
  }
}

void CountZombies(Snapshot& snapshot, const std::vector<Zombie>& zombies) {
  std::unordered_map<std::int32_t, Container*> by_pid;
  for (Container& container : snapshot.containers) {
    for (const Member& member : container.members) {
      by_pid.emplace(std::to_underlying(snapshot.At(member.process).pid), &container);
    }
  }
  for (const Zombie& zombie : zombies) {
    if (const auto at = by_pid.find(zombie.parent); at != by_pid.end()) ++at->second->zombies;
  }
}

}  // namespace

Result<Snapshot> Collect(const Roots& roots, const CollectOptions& options) {
  Snapshot snapshot;
  snapshot.taken_at = options.now;
  snapshot.tool_version = options.tool_version;
  ReadBuffer buffer(options.most_file_bytes);

  const auto names = ListProcesses(roots, options, snapshot.counts);
  if (!names) return std::unexpected(names.error());
  CollectReference(roots, snapshot, buffer);
  CollectHostMounts(roots, options, snapshot, buffer);
  Memberships memberships(roots, snapshot, buffer);
  snapshot.processes.reserve(names->size());
  ProcessReader reader(roots, options, snapshot, memberships, buffer);
  for (std::size_t done = 0; done < names->size(); ++done) {
    if (options.progress && done % kProgressEvery == 0) options.progress(done, names->size());
    reader.Read((*names)[done]);
  }
  if (snapshot.processes.empty() && snapshot.counts.kernel_threads == 0) {
    return Fail(ErrorCode::kDenied, "/proc: not one process could be read");
  }

  SortNamespaces(snapshot);
  AttributeContainers(snapshot, MakeHostReader(roots, buffer));
  CgroupFiles cgroup_files(roots, snapshot, memberships, buffer);
  CollectLimits(snapshot, cgroup_files);
  CountZombies(snapshot, reader.zombies());
  CollectHost(roots, options, snapshot);
  CollectVantage(roots, snapshot, buffer);
  return snapshot;
}

}  // namespace hullmark
