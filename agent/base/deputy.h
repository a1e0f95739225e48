// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace hullmark {

// A thread that does what may hang in the kernel, one piece of work after the other, for a caller
// that waits no longer than it likes. It is started when there is something to do.
class Deputy {
 public:
  Deputy() = default;
  Deputy(const Deputy&) = delete;
  Deputy& operator=(const Deputy&) = delete;
  ~Deputy() { Leave(); }

  // Has `work` done once the work before it has ended; `work` owns all that it uses, and does not
  // throw. False: there is no thread to be had, or kMostLeft of the process' threads were left at
  // work that has not ended since.
  static constexpr int kMostLeft = 16;
  bool Give(std::function<void()> work);

  // Waits for nothing: the thread ends after the work that it is at, which nobody can end if it
  // hangs. What is given next is for another thread.
  void Leave();

 private:
  struct Desk;

  std::shared_ptr<Desk> desk_;  // Of the thread; nullptr: there is none.
};

}  // namespace hullmark
