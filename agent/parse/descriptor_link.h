// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "hullmark/facts.h"

namespace hullmark {

struct Descriptor {
  DescriptorKind kind = DescriptorKind::kOther;
  std::uint64_t socket = 0;  // Inode of a socket, else 0.

  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

// Reads the target of a link below /proc/PID/fd, see proc_pid_fd(5): "socket:[17]", "pipe:[4]",
// "/dev/pts/0", "/dev/null", a path, or anything else, which is kOther. Never kClosed: a closed
// descriptor has no link. A path is a name in the process' own mounts, not a promise.
Descriptor ParseDescriptorLink(std::string_view link);

}  // namespace hullmark
