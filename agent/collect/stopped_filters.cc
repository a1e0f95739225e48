// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/stopped_filters.h"

#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostFilters = 64;

std::unexpected<Error> Failed(pid_t tid, const char* what) {
  const int error = errno;
  return Fail(error == EIO ? ErrorCode::kUnsupported : CodeOfErrno(error),
              "process " + std::to_string(tid) + ": " + what + ": " + std::strerror(error));
}

long Trace(int request, pid_t tid, std::uintptr_t address = 0, void* data = nullptr) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how ptrace(2) takes a number.
  return ptrace(static_cast<__ptrace_request>(request), tid, reinterpret_cast<void*>(address),
                data);
}

// A task that is stopped, until this goes away.
class Stop {
 public:
  static Result<Stop> Of(pid_t tid) {
    if (Trace(PTRACE_SEIZE, tid) != 0) return Failed(tid, "cannot be traced");
    Stop stop(tid);
    int status = 0;
    if (Trace(PTRACE_INTERRUPT, tid) != 0 || waitpid(tid, &status, __WALL) != tid) {
      return Failed(tid, "cannot be stopped");
    }
    if (!WIFSTOPPED(status)) {
      stop.tid_ = 0;
      return Fail(ErrorCode::kVanished, "process " + std::to_string(tid) + ": it has ended");
    }
    // A signal that was on its way is delivered when it goes on.
    constexpr int kEventShift = 16;
    if (status >> kEventShift != PTRACE_EVENT_STOP) stop.signal_ = WSTOPSIG(status);
    return stop;
  }

  Stop(Stop&& other) noexcept
      : tid_(std::exchange(other.tid_, 0)), signal_(std::exchange(other.signal_, 0)) {}
  Stop& operator=(Stop&&) = delete;
  ~Stop() {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): as above.
    if (tid_ != 0)
      (void)Trace(PTRACE_DETACH, tid_, 0, reinterpret_cast<void*>(std::intptr_t{signal_}));
  }

 private:
  explicit Stop(pid_t tid) : tid_(tid) {}

  pid_t tid_;
  int signal_ = 0;
};

FilterCode CodeOf(const std::vector<sock_filter>& program) {
  FilterCode code;
  std::ranges::transform(program, std::back_inserter(code), [](const sock_filter& it) {
    return ToNumber({.code = it.code, .jump_true = it.jt, .jump_false = it.jf, .constant = it.k});
  });
  return code;
}

SeccompProgramIndex RowOf(FilterCode code, Snapshot& snapshot) {
  auto& rows = snapshot.seccomp_programs;
  const auto known = std::ranges::find(rows, code, &SeccompProgram::instructions);
  const auto at = static_cast<SeccompProgramIndex>(known - rows.begin());
  if (known == rows.end()) rows.push_back({.instructions = std::move(code)});
  return at;
}

}  // namespace

Result<std::vector<FilterCode>> AskByStopping(Pid tid) {
  const pid_t number = std::to_underlying(tid);
  const auto stop = Stop::Of(number);
  if (!stop) return std::unexpected(stop.error());
  std::vector<FilterCode> filters;
  for (std::uintptr_t at = 0; at < kMostFilters; ++at) {
    const long length = Trace(PTRACE_SECCOMP_GET_FILTER, number, at);
    if (length < 0 && errno == ENOENT) break;
    if (length < 0 || static_cast<std::size_t>(length) > kMostFilterInstructions) {
      return Failed(number, "its filters cannot be read");
    }
    std::vector<sock_filter> program(static_cast<std::size_t>(length));
    if (Trace(PTRACE_SECCOMP_GET_FILTER, number, at, program.data()) != length) {
      return Failed(number, "its filters cannot be read");
    }
    filters.push_back(CodeOf(program));
  }
  std::ranges::reverse(filters);  // The kernel counts from the first one on.
  return filters;
}

Result<void> AskProcesses(const std::vector<ProcessIndex>& processes, Snapshot& snapshot) {
  Result<void> all;
  const auto ask = [&](Pid tid, Task& task) {
    if (!task.status || task.status->seccomp != SeccompMode::kFilter || task.filters) return;
    auto codes = AskByStopping(tid);
    if (!codes) {
      if (all) all = std::unexpected(codes.error());
      return;
    }
    std::vector<SeccompProgramIndex> programs;
    for (FilterCode& code : *codes) programs.push_back(RowOf(std::move(code), snapshot));
    task.filters = static_cast<SeccompFiltersIndex>(snapshot.seccomp_filters.size());
    snapshot.seccomp_filters.push_back({.programs = std::move(programs)});
  };
  for (const ProcessIndex at : processes) {
    Process& process = snapshot.processes[static_cast<std::size_t>(at)];
    ask(process.pid, process.leader);
    for (Thread& thread : snapshot.threads) {
      if (thread.process == at) ask(thread.tid, thread.task);
    }
  }
  return all;
}

}  // namespace hullmark
