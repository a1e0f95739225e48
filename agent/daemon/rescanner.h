// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace hullmark {

// Calls `pass` every so often, on a thread of its own, until that says that there is no sense in
// going on.
class Rescanner {
 public:
  Rescanner(std::chrono::milliseconds every, std::function<bool()> pass);
  Rescanner(const Rescanner&) = delete;
  Rescanner& operator=(const Rescanner&) = delete;
  ~Rescanner();

 private:
  void Run();

  std::chrono::milliseconds every_;
  std::function<bool()> pass_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;  // The last member: it ends before what it uses.
};

}  // namespace hullmark
