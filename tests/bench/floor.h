// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace hullmark::bench {

// What the bare scan met.
struct FloorCounts {
  std::size_t processes = 0, threads = 0, cgroups = 0;
};

// The system calls of the collector on this host's /proc and cgroupfs, in its order, and nothing
// else: what is read is not looked at but to know what to read next. No scan through /proc can cost
// less.
FloorCounts FloorScan();

}  // namespace hullmark::bench
