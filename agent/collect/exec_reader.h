// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Reads what a record from inside of an exec says, later: where somebody else has told that there
// was one, or to see what has become of it.
class ExecReader {
 public:
  // As TaskIterator::ReadOne.
  using ReadRecord = std::function<Result<TaskRecord>(Pid)>;

  // Through /proc. Left 0: the cgroup, the addresses of its image, the maps of its user namespace,
  // and what of its start lies below a tick.
  explicit ExecReader(Fd proc) : proc_(std::move(proc)), buffer_(kMostBytes) {}

  // From here on through /proc the executable alone: nine tenths of the time are for the rest.
  // Where `record` fails otherwise than for want of the process, and where there is none, by files.
  void UseRecords(ReadRecord record) { record_ = std::move(record); }

  // `at`: of the event, nanoseconds since boot. kVanished where it has ended, or goes on to other
  // programs without rest.
  Fact<TaskEvent> Read(Pid pid, std::uint64_t at);

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  // nullopt: another program by now, or parts of both.
  using Attempt = Fact<std::optional<TaskEvent>>;

  Attempt ReadNow(Pid pid, int directory);
  Attempt ReadByRecord(Pid pid, int directory);
  Attempt ReadByFiles(int directory);
  Fact<TaskRecord> Record(Pid pid);
  Fact<TaskEvent> ReadOnce(int directory);
  Fact<void> ReadStatus(int directory, TaskRecord& record);
  Fact<void> ReadNamespaces(int directory, TaskRecord& record);
  Fact<void> ReadLimits(int directory, TaskRecord& record);
  void ReadExecutable(int directory, TaskEvent& event);

  Fd proc_;
  ReadBuffer buffer_;
  ReadRecord record_{};
};

}  // namespace hullmark
