// SPDX-License-Identifier: Apache-2.0
#include "hullmark/host_mounts.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

DeviceNumber DeviceOf(const Mount* mount) { return mount->device; }

}  // namespace

std::size_t HostMounts::HashOfSpot::operator()(const Spot& spot) const {
  return std::hash<std::string_view>()(spot.mount_point) + spot.parent;
}

HostMounts::HostMounts(const Snapshot& snapshot) : snapshot_(snapshot) {
  if (!snapshot.host.mounts) return;
  const Fact<std::vector<Mount>>& table = snapshot.At(*snapshot.host.mounts).mounts;
  if (!table) return;
  by_device_.reserve(table->size());
  by_spot_.reserve(table->size());
  for (const Mount& mount : *table) {
    by_device_.push_back(&mount);
    if (mount.parent == mount.id) continue;
    by_spot_[{.parent = mount.parent, .mount_point = snapshot.Text(mount.mount_point)}] = &mount;
  }
  std::ranges::stable_sort(by_device_, {}, DeviceOf);
  start_ = StartOfLookups(snapshot, *table);
}

std::span<const Mount* const> HostMounts::Of(DeviceNumber device) const {
  return std::ranges::equal_range(by_device_, device, {}, DeviceOf);
}

const Mount* HostMounts::Covering(std::string_view path) const {
  if (!path.starts_with('/')) return nullptr;
  const Mount* current = start_;
  // Every step goes to another mount; the bound holds against tables that the kernel never wrote.
  for (std::size_t steps = 0; current != nullptr && steps < by_device_.size(); ++steps) {
    const Mount* const next = NextOn(*current, path);
    if (next == nullptr) break;
    current = next;
  }
  return current;
}

// The child at the shortest mount point that lies above `path`, which ends with a component of it.
const Mount* HostMounts::NextOn(const Mount& current, std::string_view path) const {
  auto length = snapshot_.Text(current.mount_point).size();
  while (true) {
    const auto found = by_spot_.find({.parent = current.id, .mount_point = path.substr(0, length)});
    if (found != by_spot_.end()) return found->second;
    if (length >= path.size()) return nullptr;
    length = path.find('/', length + 1);
  }
}

const Mount* StartOfLookups(const Snapshot& snapshot, std::span<const Mount> mounts) {
  const auto first = std::ranges::find_if(
      mounts, [&](const Mount& mount) { return snapshot.Text(mount.mount_point) == "/"; });
  if (first == mounts.end()) return nullptr;
  const Mount* start = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.mount_point != first->mount_point) continue;
    const bool bottom = mount.parent == mount.id ||
                        std::ranges::find(mounts, mount.parent, &Mount::id) == mounts.end();
    if (bottom) start = &mount;
  }
  return start;
}

}  // namespace hullmark
