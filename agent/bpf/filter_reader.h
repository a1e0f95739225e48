// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "agent/bpf/filter_record.h"
#include "hullmark/result.h"

namespace hullmark {

// The tasks of the reader's pid namespace that have seccomp filters, and what these are.
struct FilterRecords {
  // Filters of tasks, all of one and the same; those of a child are its parent's until it adds one.
  struct Stack {
    std::uint64_t newest = 0;  // As FilteredTask::filter.
    std::vector<const CopiedFilter*>
        filters{};  // The newest first; empty: not all could be copied.
  };

  // Leaders of thread groups, and threads with others than their leader; ascending by tid.
  std::vector<FilteredTask> tasks{};
  std::vector<Stack> stacks{};  // Ascending by `newest`.

  // nullptr: there is none.
  const Stack* Find(std::uint64_t newest) const;
};

// A program in the kernel that copies what seccomp(2) was given. It stops nobody and changes
// nothing; it goes away with its descriptors. What was copied is not copied again.
class FilterReader {
 public:
  // Loads it. Errors: as TaskIterator::Load.
  static Result<FilterReader> Load(const std::string& types = {});

  FilterReader(FilterReader&& other) noexcept;
  FilterReader& operator=(FilterReader&& other) noexcept;
  ~FilterReader();

  // Holds until the next call. Error: kIo, a pass ended before its time. One caller at a time.
  Result<FilterRecords> Read();

  // Filters copied by the last Read; the others were known.
  std::size_t copied() const;

 private:
  struct Program;
  explicit FilterReader(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace hullmark
