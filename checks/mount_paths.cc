// SPDX-License-Identifier: Apache-2.0
#include "checks/mount_paths.h"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "hullmark/facts.h"
#include "hullmark/host_mounts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// The first mount on `current` that a lookup of `path` steps onto: a child at the shortest mount
// point. A lookup never comes back to a shorter one.
const Mount* NextOn(const Snapshot& snapshot, std::span<const Mount> mounts, const Mount& current,
                    std::string_view path) {
  const auto here = snapshot.Text(current.mount_point).size();
  const Mount* next = nullptr;
  auto length = std::string_view::npos;
  for (const Mount& mount : mounts) {
    if (mount.parent != current.id || mount.id == current.id) continue;
    const auto mount_point = snapshot.Text(mount.mount_point);
    if (mount_point.size() < here || mount_point.size() > length) continue;
    if (!Covers(mount_point, path)) continue;
    next = &mount;
    length = mount_point.size();
  }
  return next;
}

}  // namespace

bool Covers(std::string_view top, std::string_view path) {
  if (top == "/") return path.starts_with('/');
  // Where a component ends is quicker to see than that the texts agree, and mostly says no.
  const bool whole =
      path.size() == top.size() || (path.size() > top.size() && path[top.size()] == '/');
  return whole && !top.empty() && path.starts_with(top);
}

Window WindowOf(const Snapshot& snapshot, const Mount& mount) {
  return {.root = snapshot.Text(mount.root), .mount_point = snapshot.Text(mount.mount_point)};
}

std::string Rebase(std::string_view path, const Window& window) {
  auto rest = path.substr(window.root == "/" ? 1 : window.root.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  std::string result(window.mount_point);
  if (rest.empty()) return result;
  if (!result.ends_with('/')) result += '/';
  return result.append(rest);
}

Fact<MountTable> MountsOf(const Snapshot& snapshot,
                          const Fact<MountNamespaceIndex>& mount_namespace) {
  if (!mount_namespace) return std::unexpected(mount_namespace.error());
  const MountNamespace& found = snapshot.At(*mount_namespace);
  if (!found.mounts) return std::unexpected(found.mounts.error());
  if (found.mounts->empty()) return Missing(ErrorCode::kMalformed);
  return MountTable{.mounts = *found.mounts, .complete = !found.truncated && !found.rootless_table};
}

const Mount* CoveringMount(const Snapshot& snapshot, std::span<const Mount> mounts,
                           std::string_view path) {
  if (!Covers("/", path)) return nullptr;
  const Mount* current = StartOfLookups(snapshot, mounts);
  // Every step goes to another mount; the bound holds against tables that the kernel never wrote.
  for (std::size_t steps = 0; current != nullptr && steps < mounts.size(); ++steps) {
    const Mount* const next = NextOn(snapshot, mounts, *current, path);
    if (next == nullptr) break;
    current = next;
  }
  return current;
}

bool ReadOnly(const Mount& mount) { return mount.flags.read_only || mount.flags.super_read_only; }

Place PlaceOf(const Snapshot& snapshot, const Mount& mount) {
  return {.device = mount.device, .path = snapshot.Text(mount.root)};
}

bool Holds(const Place& outer, const Place& inner) {
  return outer.device == inner.device && Covers(outer.path, inner.path);
}

}  // namespace hullmark
