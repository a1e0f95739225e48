// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/fact_digests.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/replay/digest_writer.h"
#include "agent/replay/relations.h"
#include "hullmark/fact_digests.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

class Digesting {
 public:
  Digesting(const Snapshot& snapshot, HashKey key) : snapshot_(snapshot), key_(key) {}

  FactDigests Run() &&;

 private:
  template <typename T>
  std::uint64_t DigestOf(const T& record) const {
    DigestWriter digest(key_, rows_);
    digest.Write(record);
    return digest.Finish();
  }
  template <typename T>
  std::vector<std::uint64_t> DigestsOf(const std::vector<T>& table) const {
    std::vector<std::uint64_t> digests;
    digests.reserve(table.size());
    for (const T& row : table) digests.push_back(DigestOf(row));
    return digests;
  }

  void DigestTables();
  std::vector<std::uint64_t> Strings() const;
  std::vector<std::uint64_t> Filters() const;
  std::vector<std::uint64_t> Cgroups() const;
  std::vector<std::uint64_t> Processes();
  std::uint64_t SpacesOf(const Task& task);
  std::uint64_t Host() const;

  const Snapshot& snapshot_;
  HashKey key_;
  RowDigests rows_;
  Namespaces met_;  // Of the task before, and the digest of their tables.
  std::optional<std::uint64_t> spaces_;
};

std::vector<std::uint64_t> Digesting::Strings() const {
  std::vector<std::uint64_t> digests;
  digests.reserve(snapshot_.strings.size());
  for (std::uint32_t at = 0; at < snapshot_.strings.size(); ++at) {
    digests.push_back(DigestOf(snapshot_.Text(StringId{at})));
  }
  return digests;
}

// What they answer is made of them, but perhaps not at this look.
std::vector<std::uint64_t> Digesting::Filters() const {
  std::vector<std::uint64_t> digests;
  for (const SeccompFilters& filters : snapshot_.seccomp_filters) {
    DigestWriter digest(key_, rows_);
    digest.Write(filters);
    digest.Write(filters.rules.has_value());
    if (!filters.rules) digest.Write(filters.rules.error().code);
    digests.push_back(digest.Finish());
  }
  return digests;
}

// With all that is above: a limit may be an ancestor's.
std::vector<std::uint64_t> Digesting::Cgroups() const {
  std::vector<std::uint64_t> own;
  for (Cgroup cgroup : snapshot_.cgroups) {
    cgroup.parent.reset();
    own.push_back(DigestOf(cgroup));
  }
  std::vector<std::uint64_t> digests;
  for (std::size_t at = 0; at < own.size(); ++at) {
    DigestWriter digest(key_, rows_);
    std::optional<CgroupIndex> next{static_cast<CgroupIndex>(at)};
    for (std::size_t step = 0; next && step <= own.size(); ++step) {
      digest.Write(own[static_cast<std::size_t>(*next)]);
      next = snapshot_.At(*next).parent;
    }
    digests.push_back(digest.Finish());
  }
  return digests;
}

// The maps and mounts of the namespaces that a task is in.
std::uint64_t Digesting::SpacesOf(const Task& task) {
  if (spaces_ && met_ == task.namespaces) return *spaces_;
  met_ = task.namespaces;
  DigestWriter digest(key_, rows_);
  const auto user = task.namespaces[NamespaceKind::kUser];
  const UserNamespace* const map = user ? FindUserNamespace(snapshot_, *user) : nullptr;
  digest.Write(map != nullptr);
  if (map != nullptr) {
    digest.Write(
        rows_.user_namespaces[static_cast<std::size_t>(map - snapshot_.user_namespaces.data())]);
  }
  const auto mnt = task.namespaces[NamespaceKind::kMnt];
  const MountNamespace* const mounts = mnt ? FindMountNamespace(snapshot_, *mnt) : nullptr;
  digest.Write(mounts != nullptr);
  if (mounts != nullptr) {
    digest.Write(rows_.mount_namespaces[static_cast<std::size_t>(
        mounts - snapshot_.mount_namespaces.data())]);
  }
  spaces_ = digest.Finish();
  return *spaces_;
}

std::vector<std::uint64_t> Digesting::Processes() {
  std::vector<std::uint64_t> digests;
  digests.reserve(snapshot_.processes.size());
  for (std::size_t at = 0; at < snapshot_.processes.size(); ++at) {
    const Process& process = snapshot_.processes[at];
    DigestWriter digest(key_, rows_);
    digest.Write(process);
    digest.Write(SpacesOf(process.leader));
    for (const Thread& thread : RecordedThreads(snapshot_, static_cast<ProcessIndex>(at))) {
      digest.Write(thread.tid);
      digest.Write(thread.task);
      digest.Write(SpacesOf(thread.task));
    }
    digests.push_back(digest.Finish());
  }
  return digests;
}

// In the order in which they refer to each other.
void Digesting::DigestTables() {
  rows_.strings = Strings();
  rows_.executables = DigestsOf(snapshot_.executables);
  rows_.labels = DigestsOf(snapshot_.labels);
  rows_.rlimits = DigestsOf(snapshot_.rlimits);
  rows_.group_lists = DigestsOf(snapshot_.group_lists);
  rows_.stdios = DigestsOf(snapshot_.stdios);
  rows_.invocations = DigestsOf(snapshot_.invocations);
  rows_.seccomp_programs = DigestsOf(snapshot_.seccomp_programs);
  rows_.seccomp_filters = Filters();
  rows_.device_lists = DigestsOf(snapshot_.device_lists);
  rows_.io_limit_lists = DigestsOf(snapshot_.io_limit_lists);
  rows_.memory_files = DigestsOf(snapshot_.memory_files);
  rows_.cpu_files = DigestsOf(snapshot_.cpu_files);
  rows_.pids_files = DigestsOf(snapshot_.pids_files);
  rows_.cpuset_files = DigestsOf(snapshot_.cpuset_files);
  rows_.io_files = DigestsOf(snapshot_.io_files);
  rows_.device_files = DigestsOf(snapshot_.device_files);
  rows_.hierarchies = DigestsOf(snapshot_.hierarchies);
  rows_.cgroups = Cgroups();
  rows_.memberships = DigestsOf(snapshot_.memberships);
  rows_.user_namespaces = DigestsOf(snapshot_.user_namespaces);
  rows_.mount_namespaces = DigestsOf(snapshot_.mount_namespaces);
  rows_.processes = Processes();
}

// The problems of a vantage are for people, and may count.
std::uint64_t Digesting::Host() const {
  DigestWriter digest(key_, rows_);
  digest.Write(snapshot_.host);
  const Vantage& vantage = snapshot_.vantage;
  digest.Write(Vantage{.uid = vantage.uid,
                       .capabilities = vantage.capabilities,
                       .host_namespaces = vantage.host_namespaces,
                       .initial_pid_namespace = vantage.initial_pid_namespace,
                       .initial_user_namespace = vantage.initial_user_namespace,
                       .whole_cgroup_view = vantage.whole_cgroup_view,
                       .hidepid = vantage.hidepid});
  digest.Write(rows_.hierarchies);
  return digest.Finish();
}

FactDigests Digesting::Run() && {
  DigestTables();
  Relations relations = RelationsOf(snapshot_, key_, rows_);
  rows_.containers = std::move(relations.selves);
  FactDigests digests = {.host = Host()};
  for (std::size_t at = 0; at < snapshot_.containers.size(); ++at) {
    DigestWriter digest(key_, rows_);
    digest.Write(digests.host);
    digest.Write(relations.unread);
    digest.Write(rows_.containers[at]);
    digest.Write(relations.neighbours[at]);
    digest.Write(snapshot_.containers[at]);
    digests.containers.push_back(digest.Finish());
  }
  digests.cgroups = std::move(rows_.cgroups);
  return digests;
}

}  // namespace

FactDigests DigestFacts(const Snapshot& snapshot, HashKey key) {
  return Digesting(snapshot, key).Run();
}

}  // namespace hullmark
