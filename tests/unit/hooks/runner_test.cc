// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/runner.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/packets.h"
#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/messages.h"
#include "hullmark/ids.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

// Programs are shell scripts of the test; they leave what they see in a directory for everybody.
class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    chmod(tree_.Path("").c_str(), 0755);
    tree_.MakeDirectory("out");
    chmod(tree_.Path("out").c_str(), 01777);
  }

  CommandOrder Order(const std::string& script) const {
    tree_.Write("program", "#!/bin/sh\ncd " + tree_.Path("out") + "\n" + script);
    chmod(tree_.Path("program").c_str(), 0755);
    return {.hook = "h",
            .number = 7,
            .key = "h-1f-7",
            .path = tree_.Path("program"),
            .user = "hullmark",
            .args = {"one", "t w o"},
            .timeout = milliseconds(60'000),
            .cpu = milliseconds(10'000),
            .output_max = 1U << 20,
            .body = R"({"a":1})"};
  }

  // What a process may have that a program must not: a group, inheritable capabilities, a file that
  // stays open, a signal that is blocked and one that is ignored.
  static void Burden() {
    constexpr gid_t kGroup = 4242;
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> caps{};
    syscall(SYS_capget, &header, caps.data());
    for (auto& part : caps) part.inheritable = part.permitted;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    signal(SIGHUP, SIG_IGN);
    const bool done = setgroups(1, &kGroup) == 0 &&
                      syscall(SYS_capset, &header, caps.data()) == 0 && open("/", O_RDONLY) >= 0;
    if (!done) _exit(2);
  }

  // In a process of its own, as the agent has it.
  std::optional<AttemptEnd> Run(const CommandOrder& order, void (*before)() = [] {}) {
    auto ends = PacketSocket::MakePair().value();
    const pid_t runner = fork();
    if (runner == 0) {
      before();
      ends.first = PacketSocket();
      auto inspector = PacketSocket::Adopt(std::move(ends.second));
      _exit(inspector && RunCommand(std::move(*inspector), [](const std::string&) {}) ? 0 : 1);
    }
    ends.second = Fd();
    EXPECT_EQ(ends.first.Send(ToPacket(order)), Sent::kSent);
    pollfd wanted = {.fd = ends.first.fd(), .events = POLLIN, .revents = 0};
    poll(&wanted, 1, 60'000);
    std::array<char, 256> bytes{};
    const auto packet = ends.first.Receive(bytes, 0);
    int status = -1;
    waitpid(runner, &status, 0);
    EXPECT_EQ(status, 0);
    if (!packet || !*packet) return std::nullopt;
    const auto report = ParseReport({bytes.data(), (*packet)->bytes});
    EXPECT_TRUE(report && report->hook == "h" && report->number == 7);
    return report ? std::optional(report->outcome) : std::nullopt;
  }

  bool IsGone(const std::string& file) const {
    const std::string text = tree_.Text("out/" + file);
    return !text.empty() && kill(std::stoi(text), 0) != 0;
  }

  TempTree tree_;
};

TEST_F(RunnerTest, AProgramGetsItsLetterAndNothingElse) {
  if (!CanBecomeAnother()) GTEST_SKIP() << "another user takes root";
  setenv("SECRET", "x", 1);
  const auto end = Run(
      Order("cat > letter; env | sort > env; id -u > uid; echo \"$1|$2|$#\" > args\n"
            "grep -E '^(Cap|NoNewPrivs|SigBlk|SigIgn)' /proc/self/status > status; id -G > groups\n"
            "ls /proc/self/fd > fds; ulimit -c > core; umask > umask\n"),
      Burden);
  EXPECT_EQ(end, (AttemptEnd{.attempt = Attempt::kDelivered}));
  EXPECT_EQ(tree_.Text("out/letter"), "{\"a\":1}\n");
  const std::string env = tree_.Text("out/env");
  EXPECT_NE(env.find("\nHULLMARK_HOOK=h\nHULLMARK_KEY=h-1f-7\n"), std::string::npos) << env;
  EXPECT_EQ(env.find("SECRET"), std::string::npos);
  EXPECT_NE(tree_.Text("out/uid"), "0\n");
  EXPECT_EQ(tree_.Text("out/args"), "one|t w o|2\n");
  EXPECT_EQ(tree_.Text("out/status"),
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nCapInh:\t0000000000000000\n"
            "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
  EXPECT_EQ((" " + tree_.Text("out/groups")).find(" 4242"), std::string::npos);
  EXPECT_EQ(tree_.Text("out/fds"), "0\n1\n2\n3\n") << "3 is the directory that ls reads";
  EXPECT_EQ(tree_.Text("out/core") + tree_.Text("out/umask"), "0\n0077\n");
}

TEST_F(RunnerTest, ItsStatusDecides) {
  EXPECT_EQ(Run(Order("exit 3")), (AttemptEnd{.attempt = Attempt::kRefused, .status = 3}));
  EXPECT_EQ(Run(Order("exit 65")), (AttemptEnd{.attempt = Attempt::kRejected, .status = 65}));
  EXPECT_EQ(Run(Order("kill -9 $$")), (AttemptEnd{.attempt = Attempt::kRefused, .status = -9}));
}

TEST_F(RunnerTest, WhatTakesTooLongEndsWithAllThatItStarted) {
  CommandOrder order = Order(
      "setsid sh -c 'echo $$ > away; exec sleep 1000' &\n"
      "(setsid sh -c 'sleep 0.1; echo $$ > further; exec sleep 1000' &) \n"
      "trap '' TERM INT HUP\n"
      "while [ ! -s further ]; do sleep 0.05; done; touch ready\n"
      "sleep 1000");
  order.timeout = milliseconds(3'000);
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kTimeout}));
  EXPECT_TRUE(IsGone("away"));
  EXPECT_TRUE(IsGone("further"));
}

TEST_F(RunnerTest, WhatItLeavesBehindEndsWithIt) {
  EXPECT_EQ(Run(Order("(setsid sh -c 'echo $$ > away; exec sleep 1000' > /dev/null 2>&1 &)\n"
                      "while [ ! -s away ]; do sleep 0.05; done")),
            (AttemptEnd{.attempt = Attempt::kDelivered}));
  EXPECT_TRUE(IsGone("away"));
}

TEST_F(RunnerTest, WhoTalksTooMuchEnds) {
  CommandOrder order = Order("yes");
  order.output_max = 4096;
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kRefused, .status = -9}));
}

TEST_F(RunnerTest, WhoeverTalksWithoutEndHasATime) {
  CommandOrder order = Order("yes & yes & yes & wait");
  order.output_max = std::uint64_t{1} << 50;
  order.timeout = milliseconds(500);
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kTimeout}));
}

TEST_F(RunnerTest, WhoClosesItsOutputIsWaitedFor) {
  EXPECT_EQ(Run(Order("exec > /dev/null 2>&1; sleep 0.3; exit 4")),
            (AttemptEnd{.attempt = Attempt::kRefused, .status = 4}));
}

TEST_F(RunnerTest, CpuTimeHasALimit) {
  CommandOrder order = Order("while :; do :; done");
  order.cpu = milliseconds(1'000);
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kRefused, .status = -SIGXCPU}));
}

TEST_F(RunnerTest, WhatCannotBeRunIsRefused) {
  CommandOrder order = Order("exit 0");
  chmod(order.path.c_str(), 0644);
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kRefused, .status = 127}));
  chmod(order.path.c_str(), 0777);
  EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kRefused})) << "not trusted";
  chmod(order.path.c_str(), 0755);
  if (!CanBecomeAnother()) return;
  for (const char* const user : {"root", "no-such-user"}) {
    order.user = user;
    EXPECT_EQ(Run(order), (AttemptEnd{.attempt = Attempt::kRefused})) << user;
  }
}

}  // namespace
}  // namespace hullmark
