// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/collect.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/cgroup_files.h"
#include "agent/collect/claims.h"
#include "agent/collect/host.h"
#include "agent/collect/kept_files.h"
#include "agent/collect/limits.h"
#include "agent/collect/look.h"
#include "agent/collect/process_reader.h"
#include "agent/collect/reference.h"
#include "agent/runtime/attribute.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Processes among the names of /proc, ascending by number.
std::vector<DirectoryEntry> ProcessEntries(std::vector<DirectoryEntry> entries) {
  std::erase_if(entries, [](const DirectoryEntry& entry) {
    return !std::ranges::all_of(entry.name, [](char c) { return c >= '0' && c <= '9'; });
  });
  std::ranges::sort(entries, [](const DirectoryEntry& a, const DirectoryEntry& b) {
    return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
  });
  return entries;
}

// Room for what is in /proc beside processes.
constexpr std::size_t kOtherNames = 1'000;

constexpr std::size_t kProgressEvery = 256;

Result<std::vector<DirectoryEntry>> ListProcesses(const Roots& roots, const CollectOptions& options,
                                                  ScanCounts& counts) {
  auto entries = ListEntries(roots.proc.get(), ".", options.most_processes + kOtherNames);
  if (!entries) {
    const bool too_many = entries.error().code == ErrorCode::kTruncated;
    return Fail(entries.error().code,
                too_many ? "/proc: more processes than hullmark accepts"
                         : "/proc: cannot be listed: " + std::string(NameOf(entries.error().code)));
  }
  auto processes = ProcessEntries(std::move(*entries));
  if (processes.size() > options.most_processes) {
    processes.resize(options.most_processes);
    counts.processes_truncated = true;
  }
  counts.listed = static_cast<std::uint32_t>(processes.size());
  return processes;
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
  std::vector<bool> known(snapshot.memberships.size());
  const auto add = [&](ProcessIndex at) {
    const auto& cgroup = snapshot.At(at).leader.cgroup;
    if (!cgroup || known[static_cast<std::size_t>(*cgroup)]) return;
    known[static_cast<std::size_t>(*cgroup)] = true;
    memberships.push_back(*cgroup);
  };
  if (container.init) add(*container.init);
  for (const Member& member : container.members) {
    if (!member.outside_cgroup) add(member.process);
  }
  return memberships;
}

CgroupVersion VersionOf(const Snapshot& snapshot, CgroupIndex cgroup) {
  const HierarchyIndex hierarchy = snapshot.At(cgroup).hierarchy;
  return snapshot.hierarchies[static_cast<std::size_t>(hierarchy)].version;
}

void CollectLimits(Snapshot& snapshot, CgroupFiles& files) {
  for (Container& container : snapshot.containers) {
    if (container.cgroup) files.ReadPath(*container.cgroup);
    const auto members = MembershipsOf(snapshot, container);
    if (members.empty()) continue;
    for (const CgroupIndex cgroup : snapshot.At(members.front()).cgroups) files.ReadPath(cgroup);
    // Execs are judged by the numbers of cgroups of v2, of those below too: each service has one.
    for (const MembershipIndex member : members) {
      for (const CgroupIndex cgroup : snapshot.At(member).cgroups) {
        if (VersionOf(snapshot, cgroup) == CgroupVersion::kV2) files.ReadIdentity(cgroup);
      }
    }
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

void Look::Begin() {
  snapshot_.taken_at = options_.now;
  snapshot_.tool_version = options_.tool_version;
  CollectReference(roots_, snapshot_, buffer_);
  CollectHostMounts(roots_, options_, snapshot_, buffer_);
  memberships_.emplace(roots_, snapshot_, buffer_);
  reader_.emplace(roots_, options_, snapshot_, *memberships_, buffer_);
}

Result<void> Look::ReadProcesses(const std::function<void(const DirectoryEntry&)>& read) {
  const auto entries = ListProcesses(roots_, options_, snapshot_.counts);
  if (!entries) return std::unexpected(entries.error());
  snapshot_.processes.reserve(entries->size());
  for (std::size_t done = 0; done < entries->size(); ++done) {
    if (options_.progress && done % kProgressEvery == 0) options_.progress(done, entries->size());
    read((*entries)[done]);
  }
  return EndProcesses();
}

Result<void> Look::EndProcesses() {
  if (snapshot_.processes.empty() && snapshot_.counts.kernel_threads == 0) {
    return Fail(ErrorCode::kDenied, "/proc: not one process could be read");
  }
  SortNamespaces(snapshot_);
  return {};
}

Snapshot Look::Finish(KeptFiles* limits, KeptClaims* claims) {
  AttributeContainers(snapshot_, MakeHostReader(roots_, buffer_), options_.label_keys, claims);
  CgroupFiles cgroup_files(roots_, snapshot_, memberships(), buffer_, limits);
  CollectLimits(snapshot_, cgroup_files);
  CountZombies(snapshot_, reader().zombies());
  CollectHost(roots_, options_, snapshot_);
  CollectVantage(roots_, snapshot_, buffer_);
  return std::move(snapshot_);
}

Result<Snapshot> Collect(const Roots& roots, const CollectOptions& options) {
  Look look(roots, options);
  look.Begin();
  const auto read =
      look.ReadProcesses([&look](const DirectoryEntry& entry) { look.reader().Read(entry.name); });
  if (!read) return std::unexpected(read.error());
  return look.Finish(nullptr, nullptr);
}

}  // namespace hullmark
