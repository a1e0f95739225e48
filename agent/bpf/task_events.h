// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "agent/bpf/task_event.h"
#include "hullmark/result.h"

namespace hullmark {

// Programs in the kernel that put a note of every process that is forked, executes or ends into a
// ring, of an exec with its record, see bpf_ringbuf in the kernel's Documentation/bpf. They change
// nothing and go away with their descriptors.
class TaskEvents {
 public:
  struct Options {
    std::uint32_t ring_bytes = std::uint32_t{4} << 20;  // A power of two; of execs 7,000.
    bool typed = true;                                  // False: by raw tracepoints.
  };
  struct Counts {
    std::array<std::uint64_t, kTaskTurns> told{}, lost{};  // By turn, since they were loaded.

    std::uint64_t Lost() const;
  };

  // Loads them. The ring fills from now on. Errors: as TaskIterator::Load.
  static Result<TaskEvents> Load(const Options& options);

  TaskEvents(TaskEvents&& other) noexcept;
  TaskEvents& operator=(TaskEvents&& other) noexcept;
  ~TaskEvents();

  // Those of the host, by NamespaceKind; 0: not known. What is not in them wakes the reader; until
  // this is called, that is everything.
  void SetHost(const std::array<std::uint32_t, kRecordNamespaces>& namespaces);

  // Readable when there is something worth a look. What is not wakes nobody: it is in the ring, and
  // whoever reads should come by every now and then.
  int fd() const;

  // Hands over what is in the ring, in the order of the events, at most so much. Returns how much
  // it was. One caller at a time.
  std::size_t Drain(std::size_t most, const std::function<void(const TaskEvent&)>& take);

  Counts counts() const;

 private:
  struct Program;
  explicit TaskEvents(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace hullmark
