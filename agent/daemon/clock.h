// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace hullmark {

// Time that never jumps; it stands still while the host sleeps.
using Moment = std::chrono::steady_clock::time_point;

// Why the loop woke before its deadline.
struct Wakes {
  bool stop = false;       // SIGTERM, SIGINT.
  bool reload = false;     // SIGHUP.
  bool scan_now = false;   // SIGUSR1.
  bool cgroups = false;    // One was born or died.
  bool events = false;     // A process did what asks for a look.
  bool scan_done = false;  // The scan that was begun has ended.
};

// The only way of the loop to know the time and to wait.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual Moment Now() = 0;
  // Returns at `deadline`, or sooner when something happened; nothing is reported twice.
  virtual Wakes WaitUntil(Moment deadline) = 0;
};

}  // namespace hullmark
