// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"
#include "tests/unit/enforce/host_tree.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {

using Texts = std::vector<std::string>;

// A process of our own that waits to be killed.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ != 0) return;
    while (true) pause();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { End(); }

  Pid pid() const { return Pid{pid_}; }
  BootTicks started() const {
    ReadBuffer buffer(4096);
    const Fd proc = OpenDirectory(-100, "/proc").value();
    const auto text = buffer.Read(proc.get(), (std::to_string(pid_) + "/stat").c_str());
    return ParseProcStat(text.value()).value().facts.start;
  }
  // The signal that ended it; 0: it lives.
  int KilledBy() {
    int status = 0;
    for (int tries = 0; tries < 500 && !ended_; ++tries) {
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        ended_ = true;
        by_ = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
      } else {
        usleep(1'000);
      }
    }
    return by_;
  }
  bool IsAlive() {
    int status = 0;
    return !ended_ && waitpid(pid_, &status, WNOHANG) == 0;
  }
  void End() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    ended_ = true;
  }

 private:
  pid_t pid_;
  bool ended_ = false;
  int by_ = 0;
};

class ExecutorTest : public testing::Test {
 protected:
  ActionLog OpenLog() {
    return ActionLog::Open(state_.Path("."), Uid{geteuid()},
                           [this] { return LogStamp{.boot_id = boot_, .boot_ms = now_}; })
        .value();
  }

  Executor Make(ActionLog& log, std::function<void(std::string_view)> at = {}) {
    return Executor({.log = log,
                     .proc = OpenDirectory(-100, "/proc").value(),
                     .look = [this](const Action&) { return confirmed_; },
                     .call =
                         [this](const std::string& hook, const Action& action) {
                           called_.push_back(hook + " for " + action.target.life.id);
                           return hook == "fix";
                         },
                     .patience = patience_,
                     .is_place = IsPlain,
                     .at = std::move(at)});
  }

  Action Of(ActionKind kind) {
    Action action{.rule = "r",
                  .step = {.kind = kind, .ttl = 5'000},
                  .dry_run = false,
                  .target = {.life = {.id = "c", .init = child_.pid(), .started = child_.started()},
                             .process = child_.pid(),
                             .process_started = child_.started()}};
    if (kind == ActionKind::kThrottle) {
      action.step.throttle = {.cpu_permille = 100, .pids = PidsCap{.count = 5}};
    }
    return action;
  }

  // All that an action may change.
  std::vector<std::string> Limits() const {
    const CgroupPlace& place = confirmed_->places->own;
    return {tree_.Text(place, "cpu.max"), tree_.Text(place, "pids.max"),
            tree_.Text(place, "cgroup.freeze")};
  }

  HostTree tree_;
  TempTree state_;
  Child child_;
  std::string boot_ = "b";
  std::int64_t now_ = 1'000;
  std::chrono::milliseconds patience_{50};  // Longer where something is to happen.
  std::vector<std::string> called_;
  Result<Confirmed> confirmed_ = tree_.Unified();
  const std::vector<std::string> untouched_ = Limits();
};

}  // namespace hullmark
