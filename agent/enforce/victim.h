// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// A process that is held by a descriptor: whatever becomes of its number, nobody else is meant.
class Victim {
 public:
  // `proc` is a procfs. The descriptor comes first, the start time after it: a number that was
  // given to another process meanwhile is an error (kVanished), and so is one of nobody.
  static Result<Victim> Open(const Fd& proc, Pid pid, BootTicks started);

  bool IsAlive() const;  // A zombie is not.
  // Whether it has ended, after so long at most.
  bool AwaitEnd(std::chrono::milliseconds patience) const;
  Result<void> Signal(int number) const;

 private:
  explicit Victim(Fd descriptor) : descriptor_(std::move(descriptor)) {}

  Fd descriptor_;
};

}  // namespace hullmark
