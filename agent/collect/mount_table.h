// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hullmark/ids.h"

namespace hullmark {

// The directory where a process' lookups start: a table shows what is below it and no more.
struct ProcessRoot {
  DeviceNumber device;
  std::uint64_t inode = 0;
  std::uint32_t mount_id = 0;  // 0: the kernel does not tell, before 5.8.

  friend bool operator==(const ProcessRoot&, const ProcessRoot&) = default;
};

// How the table of a mount namespace came about, beside its row of the Snapshot.
struct MountTableState {
  std::size_t row = 0;
  std::optional<ProcessRoot> root{};  // Of the process whose table is kept.
  bool split = false;                 // Some process sees mounts that the table lacks.
  std::uint8_t useless = 0;           // Tables that were read and told nothing more.
  bool taken_over = false;            // It is the last look's; the kernel says nothing changed.
};

}  // namespace hullmark
