// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
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
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/base/trusted.h"
#include "agent/encode/text.h"
#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/messages.h"
#include "agent/hooks/run_program.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr int kNeverAgain = 65;  // EX_DATAERR of sysexits.h.

std::unexpected<Error> FailWith(const char* what) {
  return Fail(CodeOfErrno(errno), std::string(what) + ": " + std::strerror(errno));
}

int MillisecondsUntil(Instant end) {
  const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

Result<CommandOrder> WaitForOrder(const PacketSocket& inspector) {
  constexpr int kMilliseconds = 10'000;
  std::vector<char> bytes(kMostOrder);
  pollfd wanted = {.fd = inspector.fd(), .events = POLLIN, .revents = 0};
  poll(&wanted, 1, kMilliseconds);
  const auto packet = inspector.Receive(bytes, 0);
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) return Fail(ErrorCode::kIo, "no order has come");
  auto order = ParseCommandOrder({bytes.data(), (*packet)->bytes});
  if (!order) return Fail(ErrorCode::kMalformed, "what has come is no order");
  return std::move(*order);
}

// What a program reads, as often as it likes.
Result<Fd> InputOf(const std::string& body) {
  Fd file(memfd_create("letter", MFD_CLOEXEC));
  const std::string text = body + "\n";
  if (!file || pwrite(file.get(), text.data(), text.size(), 0) != std::ssize(text)) {
    return FailWith("its input");
  }
  return file;
}

// A program that runs, with what it says.
struct Running {
  pid_t process = -1;
  Fd output;
  std::uint64_t output_max = 0, output_bytes = 0;  // Bytes.
  std::string said{};                              // The beginning.

  // A pipe's fill at a time: whoever writes as fast as this reads has a time limit still. False: it
  // has said too much.
  bool TakeOutput() {
    constexpr std::size_t kKept = 512;
    constexpr int kPieces = 16;
    std::array<char, 4096> piece{};
    for (int piece_number = 0; piece_number < kPieces; ++piece_number) {
      const ssize_t got = read(output.get(), piece.data(), piece.size());
      if (got <= 0) break;
      const auto bytes = static_cast<std::size_t>(got);
      said.append(piece.data(), std::min(bytes, kKept - std::min(kKept, said.size())));
      output_bytes += bytes;
    }
    return output_bytes <= output_max;
  }
};

enum class WhyEnded : std::uint8_t { kByItself, kTimeout, kOutput, kInspectorGone };

WhyEnded WaitFor(Running& running, const PacketSocket& inspector, Instant until) {
  const Fd ended(static_cast<int>(syscall(SYS_pidfd_open, running.process, 0)));
  while (true) {
    std::array<pollfd, 3> wanted = {
        pollfd{.fd = ended.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = inspector.fd(), .events = POLLRDHUP, .revents = 0},
        pollfd{.fd = running.output.get(), .events = POLLIN, .revents = 0}};
    const int left = MillisecondsUntil(until);
    if (poll(wanted.data(), wanted.size(), left) < 0 && errno != EINTR) return WhyEnded::kTimeout;
    if (!running.TakeOutput()) return WhyEnded::kOutput;
    if (wanted[0].revents != 0) return WhyEnded::kByItself;
    if (wanted[1].revents != 0) return WhyEnded::kInspectorGone;
    if (left == 0) return WhyEnded::kTimeout;
    // Its end is open no more: nothing is to be waited for there.
    if ((wanted[2].revents & POLLHUP) != 0) running.output = Fd();
  }
}

void KillChildren() {
  std::ifstream file("/proc/thread-self/children");
  for (std::istream_iterator<pid_t> child(file), end; child != end; ++child) {
    kill(*child, SIGKILL);
  }
}

// Whoever loses his parent becomes our child, since we adopt them. The program's own status.
int EndAll(pid_t process, const OwnCgroup& cgroup) {
  constexpr milliseconds kPatience{5'000};
  constexpr useconds_t kPause = 2'000;
  const Instant until = std::chrono::steady_clock::now() + kPatience;
  std::optional<int> own;
  while (MillisecondsUntil(until) > 0) {
    cgroup.Kill();
    if (!own) kill(process, SIGKILL);
    KillChildren();
    int status = 0;
    pid_t child = 0;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
      if (child == process) own = status;
    }
    if (child < 0 && errno == ECHILD) break;
    usleep(kPause);
  }
  return own.value_or(SIGKILL);
}

AttemptEnd EndOf(WhyEnded why, int status) {
  if (why == WhyEnded::kTimeout) return {.attempt = Attempt::kTimeout};
  if (WIFSIGNALED(status)) {
    return {.attempt = Attempt::kRefused, .status = -WTERMSIG(status)};
  }
  const int code = WEXITSTATUS(status);
  if (code == 0 && why == WhyEnded::kByItself) return {.attempt = Attempt::kDelivered};
  return {.attempt = code == kNeverAgain ? Attempt::kRejected : Attempt::kRefused, .status = code};
}

Result<AttemptEnd> Run(const CommandOrder& order, const PacketSocket& inspector,
                       std::string& said) {
  const auto trusted = OpenTrusted(order.path, Uid{geteuid()});
  if (!trusted) return std::unexpected(trusted.error());
  const auto who = UserFor(order.user);
  if (!who) return std::unexpected(who.error());
  const auto input = InputOf(order.body);
  if (!input) return std::unexpected(input.error());
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return FailWith("a pipe");
  Running running{.output = Fd(ends[0]), .output_max = order.output_max};
  Fd theirs(ends[1]);
  if (fcntl(running.output.get(), F_SETFL, O_NONBLOCK) != 0) return FailWith("a pipe");
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const OwnCgroup cgroup;
  const auto until = std::chrono::steady_clock::now() + order.timeout;
  const auto started = StartProgram(order, *who, *input, theirs, cgroup);
  if (!started) return std::unexpected(started.error());
  running.process = *started;
  theirs = Fd();
  const WhyEnded why = WaitFor(running, inspector, until);
  // A process that has ended by itself keeps its status; the others get one here.
  siginfo_t gone = {};
  if (why == WhyEnded::kByItself) {
    waitid(P_PID, static_cast<id_t>(running.process), &gone, WEXITED | WNOWAIT);
  }
  const int status = EndAll(running.process, cgroup);
  if (running.output) running.TakeOutput();
  said = std::move(running.said);
  return EndOf(why, status);
}

}  // namespace

Result<void> RunCommand(PacketSocket inspector,
                        const std::function<void(const std::string& message)>& warn) {
  const auto order = WaitForOrder(inspector);
  if (!order) return std::unexpected(order.error());
  std::string said;
  const auto ended = Run(*order, inspector, said);
  DeliveryReport report{
      .hook = order->hook, .number = order->number, .outcome = {.attempt = Attempt::kRefused}};
  if (ended) report.outcome = *ended;
  if (!ended) warn("hook " + order->hook + ": " + ended.error().message);
  if (ended && ended->attempt != Attempt::kDelivered) {
    warn("hook " + order->hook + ": " + order->path + ": " + std::string(NameOf(ended->attempt)) +
         ", status " + std::to_string(ended->status) +
         (said.empty() ? "" : ": " + Printable(said)));
  }
  inspector.Send(ToPacket(report));
  return {};
}

}  // namespace hullmark
