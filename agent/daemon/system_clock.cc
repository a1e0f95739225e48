// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/system_clock.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/clock.h"
#include "hullmark/result.h"

namespace hullmark {

Result<std::unique_ptr<SystemClock>> SystemClock::Create() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&taken, signal);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  Fd signals(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return Fail(CodeOfErrno(errno), std::string("signalfd: ") + std::strerror(errno));
  return std::unique_ptr<SystemClock>(new SystemClock(std::move(signals)));
}

SystemClock::SystemClock(Fd signals) : signals_(std::move(signals)) {
  Attach([this] { return signals_.get(); }, [this](Wakes& wakes) { TakeSignals(wakes); });
}

bool SystemClock::IsStopPending() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

void SystemClock::Attach(std::function<int()> fd, std::function<void(Wakes&)> ready) {
  sources_.push_back({.fd = std::move(fd), .ready = std::move(ready)});
}

void SystemClock::TakeSignals(Wakes& wakes) const {
  signalfd_siginfo signal = {};
  while (read(signals_.get(), &signal, sizeof signal) == ssize_t{sizeof signal}) {
    switch (signal.ssi_signo) {
      case SIGHUP:
        wakes.reload = true;
        break;
      case SIGUSR1:
        wakes.scan_now = true;
        break;
      default:
        wakes.stop = true;
    }
  }
}

Wakes SystemClock::WaitUntil(Moment deadline) {
  std::vector<pollfd> wanted;
  for (const Source& source : sources_) {
    wanted.push_back({.fd = source.fd(), .events = POLLIN, .revents = 0});
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now()).count();
  const int timeout = static_cast<int>(std::clamp<long>(left, 0, 60'000));
  Wakes wakes;
  if (poll(wanted.data(), wanted.size(), timeout) <= 0) return wakes;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].revents != 0) sources_[i].ready(wakes);
  }
  return wakes;
}

}  // namespace hullmark
