// SPDX-License-Identifier: Apache-2.0
#include "hullmark/snapshot.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

template <typename Row>
const Row* FindByInode(const std::vector<Row>& rows, NamespaceInode inode) {
  const auto at = std::ranges::lower_bound(rows, inode, {}, &Row::inode);
  return at != rows.end() && at->inode == inode ? &*at : nullptr;
}

}  // namespace

std::optional<std::uint32_t> InsideId(const IdMap& map, std::uint32_t outside) {
  for (const auto& extent : map) {
    if (outside >= extent.outside && outside - extent.outside < extent.count) {
      return extent.inside + (outside - extent.outside);
    }
  }
  return std::nullopt;
}

std::string_view PathOf(const Snapshot& snapshot, const Executable& executable) {
  constexpr std::string_view kDeleted = " (deleted)";
  auto path = snapshot.Text(executable.path);
  // The suffix may be part of a name: only a file without links has really gone.
  if (executable.links == 0U && path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path;
}

std::string_view BaseName(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
}

const UserNamespace* FindUserNamespace(const Snapshot& snapshot, NamespaceInode inode) {
  return FindByInode(snapshot.user_namespaces, inode);
}

const MountNamespace* FindMountNamespace(const Snapshot& snapshot, NamespaceInode inode) {
  return FindByInode(snapshot.mount_namespaces, inode);
}

std::string PathOfFile(const Snapshot& snapshot, CgroupIndex cgroup, std::string_view file) {
  const Cgroup& found = snapshot.At(cgroup);
  const Hierarchy& hierarchy = snapshot.hierarchies[static_cast<std::size_t>(found.hierarchy)];
  std::string path(snapshot.Text(hierarchy.mount_point));
  if (const auto below = snapshot.Text(found.path); below != "/") path += below;
  return path.append("/").append(file);
}

std::span<const Thread> RecordedThreads(const Snapshot& snapshot, ProcessIndex process) {
  const auto begin = std::ranges::lower_bound(snapshot.threads, process, {}, &Thread::process);
  const auto end = std::ranges::find_if(begin, snapshot.threads.end(), [&](const Thread& thread) {
    return thread.process != process;
  });
  return {begin, end};
}

}  // namespace hullmark
