// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "agent/base/file.h"

namespace hullmark {

// The thread that scans, so that the loop stays with its signals however long a file takes. One
// piece of work at a time.
class ScanThread {
 public:
  ScanThread();
  ScanThread(const ScanThread&) = delete;
  ScanThread& operator=(const ScanThread&) = delete;
  ~ScanThread();  // Waits for the work that is being done.

  // Not while other work is being done. `after` is what nobody has to wait for once the work has
  // ended but the next work.
  void Begin(std::function<void()> work, std::function<void()> after = {});

  int done_fd() const { return done_.get(); }  // Readable when work has ended.
  // Whether work has ended since it was asked last.
  bool TakeDone();

  // Whether all work has ended, with what comes after it; waits for it at most so long.
  bool IsIdle(std::chrono::milliseconds wait);

 private:
  void Run();

  Fd done_;  // An eventfd.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_, after_;
  bool working_ = false, busy_ = false, stopping_ = false;  // Busy: also with what comes after.
  std::thread thread_;
};

}  // namespace hullmark
