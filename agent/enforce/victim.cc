// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/victim.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <expected>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostBytes = 4096;

// The wrappers came with glibc 2.36; the calls with Linux 5.3 and 5.1.
int OpenPid(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
long SendSignal(int descriptor, int number) {
  return syscall(SYS_pidfd_send_signal, descriptor, number, nullptr, 0);
}

}  // namespace

Result<Victim> Victim::Open(const Fd& proc, Pid pid, BootTicks started) {
  const std::string name = std::to_string(static_cast<pid_t>(pid));
  Fd descriptor(OpenPid(static_cast<pid_t>(pid)));
  if (!descriptor) {
    return Fail(CodeOfErrno(errno), "pid " + name + ": " + std::strerror(errno));
  }
  ReadBuffer buffer(kMostBytes);
  const auto text = buffer.Read(proc.get(), (name + "/stat").c_str());
  const auto stat = text ? ParseProcStat(*text) : Fact<ParsedStat>(std::unexpected(text.error()));
  if (!stat) return Fail(ErrorCode::kVanished, "pid " + name + ": it has ended");
  if (stat->facts.start != started) {
    return Fail(ErrorCode::kVanished, "pid " + name + ": it is another process by now");
  }
  Victim victim(std::move(descriptor));
  if (!victim.IsAlive()) return Fail(ErrorCode::kVanished, "pid " + name + ": it has ended");
  return victim;
}

bool Victim::IsAlive() const { return !AwaitEnd(std::chrono::milliseconds(0)); }

bool Victim::AwaitEnd(std::chrono::milliseconds patience) const {
  pollfd ended = {.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
  return poll(&ended, 1, static_cast<int>(patience.count())) == 1;
}

Result<void> Victim::Signal(int number) const {
  if (SendSignal(descriptor_.get(), number) == 0) return {};
  return Fail(CodeOfErrno(errno), std::string("pidfd_send_signal: ") + std::strerror(errno));
}

}  // namespace hullmark
