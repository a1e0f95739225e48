// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/releaser.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/child.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/release.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

// What ends an agent is often sent to its whole group: this one ends with its channel alone.
class Attributes {
 public:
  Attributes() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t blocked;
    sigfillset(&blocked);
    posix_spawnattr_setsigmask(&attributes_, &blocked);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  posix_spawn_file_actions_t* actions() { return &actions_; }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Releaser::~Releaser() {
  channel_ = Fd();
  // It writes what it holds, and ends; one that hangs in the kernel is not waited for.
  constexpr std::chrono::seconds kMost{2};
  if (child_ > 0) Reap(Pid{child_}, kMost);
}

bool Releaser::IsAlive() {
  if (child_ <= 0) return false;
  if (waitpid(child_, nullptr, WNOHANG) == 0) return true;
  child_ = -1;
  channel_ = Fd();
  return false;
}

Result<void> Releaser::Start() {
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Fail(CodeOfErrno(errno), std::string("socketpair: ") + std::strerror(errno));
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  // dup2 onto the same number would leave its close-on-exec flag set.
  const Fd high(fcntl(theirs.get(), F_DUPFD_CLOEXEC, kChannelFd + 1));
  Attributes attributes;
  posix_spawn_file_actions_adddup2(attributes.actions(), high.get(), kChannelFd);
  std::vector<char*> arguments;
  for (std::string& argument : command_) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::array<char*, 1> environment = {nullptr};
  const int failed = posix_spawn(&child_, kSelf, attributes.actions(), attributes.get(),
                                 arguments.data(), environment.data());
  if (failed != 0) {
    child_ = -1;
    return Fail(CodeOfErrno(failed),
                std::string("starting the releaser: ") + std::strerror(failed));
  }
  channel_ = std::move(ours);
  return {};
}

Result<void> Releaser::Tell(std::uint64_t id, const Fd& place, const LimitChange& change) {
  const Fd file(openat(place.get(), change.file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return Fail(CodeOfErrno(errno), change.file + ": " + std::strerror(errno));
  return SendHold(channel_, id, file, change);
}

Result<void> Releaser::Hold(std::uint64_t id, const Fd& place, const LimitChange& change) {
  Tend();
  if (!IsAlive()) {
    auto started = Start();
    if (!started) return started;
  }
  auto told = Tell(id, place, change);
  if (told) held_.emplace(id, change);
  return told;
}

void Releaser::LetGo(std::uint64_t id) {
  if (held_.erase(id) != 0 && channel_) SendLetGo(channel_, id);
}

void Releaser::Tend() {
  if (held_.empty() || IsAlive()) return;
  const auto started = Start();
  if (!started) return spdlog::warn("{}", started.error().message);
  for (const auto& [id, change] : held_) {
    const auto place = OpenPlace(change.place);
    if (place) static_cast<void>(Tell(id, *place, change));
  }
}

}  // namespace hullmark
