// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// The host's mount table, arranged for questions: made once per evaluation, because it has a few
// mounts for every container, and a thousand containers are each compared with it. Empty where the
// table could not be read. Refers to the snapshot.
class HostMounts {
 public:
  explicit HostMounts(const Snapshot& snapshot);

  // The mounts of a file system, in the table's order.
  std::span<const Mount* const> Of(DeviceNumber device) const;

  // As CoveringMount() of checks/mount_paths.h.
  const Mount* Covering(std::string_view path) const;

 private:
  struct Spot {
    std::uint32_t parent = 0;  // Mount id.
    std::string_view mount_point;

    friend bool operator==(const Spot&, const Spot&) = default;
  };
  struct HashOfSpot {
    std::size_t operator()(const Spot& spot) const;
  };

  const Mount* NextOn(const Mount& current, std::string_view path) const;

  const Snapshot& snapshot_;
  std::vector<const Mount*> by_device_;
  std::unordered_map<Spot, const Mount*, HashOfSpot> by_spot_;  // The last mounted on each.
  const Mount* start_ = nullptr;
};

// The mount where every lookup in a table starts: at "/", on no other mount of the table. nullptr:
// there is none.
const Mount* StartOfLookups(const Snapshot& snapshot, std::span<const Mount> mounts);

}  // namespace hullmark
