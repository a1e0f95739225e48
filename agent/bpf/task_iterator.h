// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/bpf/task_record.h"
#include "hullmark/result.h"

namespace hullmark {

// The records of one pass over the tasks of the reader's pid namespace. No moment of the whole:
// each task is told as it was when the kernel came to it.
struct TaskRecords {
  std::vector<TaskRecord> leaders;  // Of thread groups, ended ones too; ascending by tgid.
  std::vector<TaskRecord> threads;  // Those that do not share all with their leader.
  std::unordered_map<int, std::uint32_t> threads_left;  // By tgid: more of them, past the bounds.
  std::uint32_t kernel_threads = 0;
  bool truncated = false;  // More leaders than the bound.
};

// How many records are kept; some 500 bytes each.
struct RecordBounds {
  std::size_t most_leaders = 200'000;
  std::size_t most_threads = 4'096;  // Of one process.
  std::size_t most_threads_of_all = 100'000;
};

// A program in the kernel that writes a record of each task, see bpf_iter in the kernel's
// Documentation/bpf. It reads and changes nothing; it goes away with its descriptors.
class TaskIterator {
 public:
  // Loads it. Error, for people: kNotFound, this kernel does not describe its types (BTF); else see
  // WhyRefused. `types`: a file of them to go by instead of the running kernel's, for tests.
  static Result<TaskIterator> Load(const std::string& types = {});

  TaskIterator(TaskIterator&& other) noexcept;
  TaskIterator& operator=(TaskIterator&& other) noexcept;
  ~TaskIterator();

  // One pass; records come ascending by tid. Error: kIo, it ended before its time. One caller at a
  // time.
  Result<void> Visit(const std::function<void(const TaskRecord&)>& take);

  // The record of one process alone, of its leader. Errors: kVanished, there is none; kUnsupported,
  // this kernel tells of all or nobody (mainline's before 6.1); kIo. One caller at a time.
  Result<TaskRecord> ReadOne(int tgid);

  // As Visit, kept. Error: kIo, it ended before its time. One caller at a time.
  Result<TaskRecords> Read(const RecordBounds& bounds);

 private:
  struct Program;
  explicit TaskIterator(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace hullmark
