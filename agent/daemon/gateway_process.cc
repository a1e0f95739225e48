// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/gateway_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/clock.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/meeting.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kSilence{10};  // It speaks every second.
constexpr milliseconds kLongestAgain{60'000};
constexpr seconds kLongEnough{60};  // A life after which a death is no longer one of a series.
constexpr milliseconds kFirstWait{100}, kLongestWait{30'000};
constexpr int kMostMessages = 16;  // Read at once: a gateway gone wild does not hold up the scans.
constexpr std::array<std::string_view, 4> kSanitizers = {"ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                         "LSAN_OPTIONS", "TSAN_OPTIONS"};
constexpr const char* kSelf = "/proc/self/exe";  // The same program, even when its file is gone.

// File actions and attributes of posix_spawn(3) with an end.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // What is meant for the agent often goes to its whole group, and must not end the gateway: that
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
std::vector<char*> GatewayEnvironment() {
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable(*each);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (std::ranges::count(kSanitizers, name) != 0) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

std::string HowItEnded(int status) {
  return WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                             : "ended with status " + std::to_string(WEXITSTATUS(status));
}

// How it ended; by force if it has not.
std::string Bury(Pid process) {
  const pid_t child = std::to_underlying(process);
  kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return HowItEnded(status);
}

}  // namespace

milliseconds BackOff::AfterLife(std::chrono::nanoseconds lived) {
  if (lived >= kLongEnough) next_ = kFirstWait;
  return std::exchange(next_, std::min(next_ * 2, kLongestWait));
}

Result<Channel> GatewayProcess::Spawn() {
  auto ends = Channel::MakePair();
  if (!ends) return std::unexpected(ends.error());
  // dup2 onto the same number would leave its close-on-exec flag set.
  const Fd theirs(fcntl(ends->second.get(), F_DUPFD_CLOEXEC, kChannelFd + 1));
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, theirs.get(), kChannelFd);
  std::vector<char*> arguments;
  for (std::string& argument : arguments_) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  std::vector<char*> environment = GatewayEnvironment();
  const int failed = posix_spawn(&child, kSelf, &plan.actions, &plan.attributes, arguments.data(),
                                 environment.data());
  if (failed != 0) {
    return Fail(CodeOfErrno(failed), std::string("starting the gateway: ") + std::strerror(failed));
  }
  process_ = Pid{child};
  ends->first.Expect(Pid{child});
  return std::move(ends->first);
}

Result<Channel> GatewayProcess::Join(const GatewayUnit& unit) {
  auto channel = JoinGateway(unit.socket);
  if (channel && channel->SendOrder(unit.order) != Sent::kSent) {
    return Fail(ErrorCode::kIo, unit.socket + ": the gateway does not listen");
  }
  return channel;
}

Result<void> GatewayProcess::Begin(Moment now) {
  auto channel = unit_ ? Join(*unit_) : Spawn();
  if (!channel) return std::unexpected(channel.error());
  channel_ = std::move(*channel);
  state_ = {};
  sent_ = 0;
  web_sent_ = false;
  started_ = heard_ = now;
  Feed();
  return {};
}

// Whoever speaks first on a unit's channel is the one that speaks there.
void GatewayProcess::Take(const GatewayState& said, Moment now) {
  if (!process_) {
    process_ = said.sender;
    channel_.Expect(said.sender);
    spdlog::info("joined the gateway (pid {})", std::to_underlying(said.sender));
  }
  if (!said.refused) again_ = kAgain;
  state_ = said;
  heard_ = now;
}

Result<void> GatewayProcess::Start(Moment now, const std::function<bool()>& give_up) {
  const auto begun = Begin(now);
  if (!begun && !unit_) return begun;
  if (!begun) {
    spdlog::warn("{}; trying again", begun.error().message);
    return {};
  }
  pollfd wanted = {.fd = channel_.fd(), .events = POLLIN, .revents = 0};
  constexpr milliseconds kWait{100};
  for (milliseconds waited{0}; waited < kSilence && !give_up(); waited += kWait) {
    if (poll(&wanted, 1, static_cast<int>(kWait.count())) != 0) break;
  }
  const auto heard = channel_.ReceiveState();
  const auto said = heard.value_or(std::nullopt);
  if (said && said->listening) {
    Take(*said, now);
    return {};
  }
  if (unit_) {
    Lose(now, heard ? "it does not answer" : heard.error().message);
    return {};
  }
  Stop();
  return Fail(ErrorCode::kIo, "the gateway did not start");
}

void GatewayProcess::SetWeb(Fd settings) {
  web_ = std::move(settings);
  web_sent_ = false;
  Feed();
}

void GatewayProcess::Publish(Fd documents, std::uint64_t sequence) {
  documents_ = std::move(documents);
  sequence_ = sequence;
  Feed();
}

// At most one set is on its way: what waits in a socket is memory that nobody can take back.
void GatewayProcess::Feed() {
  if (!Has()) return;
  if (web_ && !web_sent_) web_sent_ = channel_.SendWebSettings(web_) == Sent::kSent;
  if (!documents_ || sent_ == sequence_ || sent_ != state_.received) return;
  if (channel_.SendDocuments(documents_, sequence_) == Sent::kSent) sent_ = sequence_;
}

void GatewayProcess::Upkeep(Moment now) {
  if (!Has()) {
    if (now < restart_at_) return;
    const bool again = started_ != Moment{};
    if (const auto begun = Begin(now); !begun) {
      spdlog::error("{}", begun.error().message);
      restart_at_ = now + back_off_.AfterLife({});
    } else if (again) {
      ++restarts_;
    }
    return;
  }
  for (int count = 0; count < kMostMessages; ++count) {
    const auto heard = channel_.ReceiveState();
    if (!heard) return Lose(now, heard.error().message);
    const auto& said = *heard;
    if (!said) break;
    Take(*said, now);
  }
  if (now - heard_ > kSilence) return Lose(now, "it no longer answers");
  OfferAgain(now);
  Feed();
}

// What it could not open for want of memory or descriptors it may be able to open now.
void GatewayProcess::OfferAgain(Moment now) {
  if (!state_.refused || sent_ == 0 || state_.received != sent_ || now < again_at_) return;
  again_at_ = now + again_;
  again_ = std::min(2 * again_, kLongestAgain);
  sent_ = state_.received = 0;
}

// A unit that hangs is its watchdog's business.
void GatewayProcess::Lose(Moment now, const std::string& why) {
  const std::string end = process_ && !unit_ ? Bury(*process_) : "is not there";
  former_ = Requests();
  state_ = {};
  process_.reset();
  channel_ = Channel();
  const milliseconds wait = back_off_.AfterLife(now - started_);
  restart_at_ = now + wait;
  spdlog::warn("the gateway {} ({}); {} it again in {} ms", end, why,
               unit_ ? "joining" : "starting", wait.count());
}

// It ends when the channel does, and may have something to say about why it ends; one that cannot
// is killed.
void GatewayProcess::Stop() {
  channel_ = Channel();
  const auto process = std::exchange(process_, std::nullopt);
  if (!process || unit_) return;
  const pid_t child = std::to_underlying(*process);
  const Fd handle(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  pollfd ended = {.fd = handle.get(), .events = POLLIN, .revents = 0};
  constexpr int kMilliseconds = 500;
  if (poll(&ended, 1, kMilliseconds) <= 0) kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

RequestCounts GatewayProcess::Requests() const {
  RequestCounts sum = former_;
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t code = 0; code < kAnswerCodes.size(); ++code) {
      sum[route][code] += state_.requests[route][code];
    }
  }
  return sum;
}

}  // namespace hullmark
