// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Reads through /proc what a record from inside of an exec says, where somebody else has told that
// there was one. Left 0: the cgroup, the addresses of its image, the maps of its user namespace,
// and what of its start lies below a tick.
class ExecReader {
 public:
  explicit ExecReader(Fd proc) : proc_(std::move(proc)), buffer_(kMostBytes) {}

  // `at`: of the event, nanoseconds since boot. kVanished where it has ended, or goes on to other
  // programs without rest.
  Fact<TaskEvent> Read(Pid pid, std::uint64_t at);

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  Fact<TaskEvent> ReadOnce(int directory);
  Fact<void> ReadStatus(int directory, TaskRecord& record);
  Fact<void> ReadNamespaces(int directory, TaskRecord& record);
  Fact<void> ReadLimits(int directory, TaskRecord& record);
  void ReadExecutable(int directory, TaskEvent& event);

  Fd proc_;
  ReadBuffer buffer_;
};

}  // namespace hullmark
