// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/clock.h"
#include "hullmark/result.h"

namespace hullmark {

// The real clock: poll(2) on signals and on what is attached.
class SystemClock : public Clock {
 public:
  // Takes SIGTERM, SIGINT, SIGHUP and SIGUSR1 from here on, in this thread and those begun later.
  static Result<std::unique_ptr<SystemClock>> Create();

  // `fd` is asked for at each wait (-1: none); `ready` reads from it and says what it means.
  void Attach(std::function<int()> fd, std::function<void(Wakes&)> ready);

  // Whether SIGTERM or SIGINT has come and nobody has waited since.
  static bool IsStopPending();

  Moment Now() override { return std::chrono::steady_clock::now(); }
  Wakes WaitUntil(Moment deadline) override;

 private:
  struct Source {
    std::function<int()> fd;
    std::function<void(Wakes&)> ready;
  };

  explicit SystemClock(Fd signals);
  void TakeSignals(Wakes& wakes) const;

  Fd signals_;  // A signalfd.
  std::vector<Source> sources_;
};

}  // namespace hullmark
