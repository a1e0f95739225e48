// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/daemon/clock.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongEnough{60};  // A life after which a death is no longer one of a series.
constexpr milliseconds kFirstWait{100}, kLongestWait{30'000};
constexpr std::array<std::string_view, 4> kSanitizers = {"ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                         "LSAN_OPTIONS", "TSAN_OPTIONS"};
constexpr milliseconds kPatience{1'000};         // With what ends, or should.
constexpr const char* kSelf = "/proc/self/exe";  // The same program, even when its file is gone.

// File actions and attributes of posix_spawn(3) with an end.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // What is meant for the agent often goes to its whole group, and must not end the child: that
    // ends with its channel. Blocked, not ignored by itself: it has no first moment without.
    sigset_t blocked;
    sigset_t all;
    sigemptyset(&blocked);
    for (const int number : {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGPIPE}) {
      sigaddset(&blocked, number);
    }
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

// Of the caller's environment, which may hold secrets, what a build with sanitizers needs.
std::vector<char*> ChildEnvironment() {
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable(*each);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (std::ranges::count(kSanitizers, name) != 0) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

Fd OpenPid(Pid process) {
  return Fd(static_cast<int>(syscall(SYS_pidfd_open, std::to_underlying(process), 0)));
}

// By number only where no descriptor was to be had: whoever is not reaped keeps his.
void Kill(Pid process, const Fd& handle) {
  if (handle) {
    syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  } else {
    kill(std::to_underlying(process), SIGKILL);
  }
}

std::string HowItEnded(int status) {
  return WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                             : "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

milliseconds BackOff::AfterLife(std::chrono::nanoseconds lived) {
  if (lived >= kLongEnough) next_ = kFirstWait;
  return std::exchange(next_, std::min(next_ * 2, kLongestWait));
}

Result<Child> SpawnSelf(std::vector<std::string> arguments) {
  auto ends = PacketSocket::MakePair();
  if (!ends) return std::unexpected(ends.error());
  // dup2 onto the same number would leave its close-on-exec flag set.
  const Fd theirs(fcntl(ends->second.get(), F_DUPFD_CLOEXEC, kChannelFd + 1));
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, theirs.get(), kChannelFd);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  std::vector<char*> environment = ChildEnvironment();
  const int failed = posix_spawn(&child, kSelf, &plan.actions, &plan.attributes, pointers.data(),
                                 environment.data());
  if (failed != 0) return Fail(CodeOfErrno(failed), std::strerror(failed));
  ends->first.Expect(Pid{child});
  return Child{.process = Pid{child}, .channel = std::move(ends->first)};
}

std::optional<int> Reap(Pid process, milliseconds most) {
  const Fd handle = OpenPid(process);
  pollfd ended = {.fd = handle.get(), .events = POLLIN, .revents = 0};
  while (poll(&ended, 1, static_cast<int>(most.count())) < 0 && errno == EINTR) {
  }
  int status = 0;
  const pid_t reaped = waitpid(std::to_underlying(process), &status, WNOHANG);
  const bool by_others = reaped < 0 && errno == ECHILD;
  if (reaped <= 0 && !by_others) return std::nullopt;
  return status;
}

std::string Bury(Pid process) {
  Kill(process, OpenPid(process));
  const auto status = Reap(process, kPatience);
  return status ? HowItEnded(*status) : "was killed and does not end";
}

void LetEnd(Pid process) {
  if (Reap(process, kPatience / 2)) return;
  Kill(process, OpenPid(process));
  Reap(process, kPatience / 2);
}

EndingChildren::~EndingChildren() {
  for (const Ending& one : ending_) Kill(one.process, one.handle);
  const Moment last = std::chrono::steady_clock::now() + kPatience;
  for (const Ending& one : ending_) {
    const auto left = std::chrono::ceil<milliseconds>(last - std::chrono::steady_clock::now());
    Reap(one.process, std::max(left, milliseconds(0)));
  }
}

void EndingChildren::Add(Pid process, Moment kill_at) {
  ending_.push_back({.process = process, .handle = OpenPid(process), .kill_at = kill_at});
}

void EndingChildren::Tend(Moment now) {
  std::erase_if(ending_, [&](const Ending& one) {
    if (Reap(one.process, milliseconds(0))) return true;
    if (now >= one.kill_at) Kill(one.process, one.handle);
    return false;
  });
}

std::vector<int> EndingChildren::fds() const {
  std::vector<int> all;
  for (const Ending& one : ending_) all.push_back(one.handle.get());
  return all;
}

}  // namespace hullmark
