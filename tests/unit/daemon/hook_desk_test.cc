// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/hook_desk.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <ios>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/config/hooks.h"
#include "agent/daemon/child.h"
#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/messages.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr AttemptEnd kTold{.attempt = Attempt::kDelivered, .status = 200};

// The courier is this program again: each test plays both parts, told apart by the channel.
class HookDeskTest : public testing::Test {
 protected:
  static bool IsCourier() {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(kChannelFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
  }

  // Answers each letter by what `end` says of its body.
  static void Play(const std::function<AttemptEnd(const std::string& body)>& end) {
    const auto inspector = PacketSocket::Adopt(Fd(kChannelFd)).value();
    inspector.Send(ToPacket(DeliveryReport{}));
    std::vector<char> buffer(kMostPacket);
    while (true) {
      pollfd wanted = {.fd = inspector.fd(), .events = POLLIN, .revents = 0};
      poll(&wanted, 1, 60'000);
      const auto packet = inspector.Receive(buffer, 1);
      if (!packet) return;
      if (!*packet) continue;
      const auto letter = ParseDelivery({buffer.data(), (*packet)->bytes});
      if (!letter) continue;
      inspector.Send(ToPacket(DeliveryReport{
          .hook = letter->hook, .number = letter->number, .outcome = end(letter->body)}));
    }
  }

  // A courier that says of letters what `end` does, nothing without one, or a runner whose programs
  // end well, or that dies.
  static void PlayCourierOrRunner(const std::optional<AttemptEnd>& end, bool runs) {
    const auto inspector = PacketSocket::Adopt(Fd(kChannelFd)).value();
    std::vector<char> buffer(kMostOrder);
    while (true) {
      pollfd wanted = {.fd = inspector.fd(), .events = POLLIN, .revents = 0};
      poll(&wanted, 1, 60'000);
      const auto packet = inspector.Receive(buffer, 1);
      if (!packet) return;
      if (!*packet) continue;
      const std::string_view bytes(buffer.data(), (*packet)->bytes);
      const auto letter = ParseDelivery(bytes);
      const auto order = ParseCommandOrder(bytes);
      if (order && !runs) return;
      const std::string hook = letter ? letter->hook : order ? order->hook : "";
      const std::uint64_t number = letter ? letter->number : order ? order->number : 0;
      const auto outcome = letter ? end : std::optional(kTold);
      if (outcome) {
        inspector.Send(
            ToPacket(DeliveryReport{.hook = hook, .number = number, .outcome = *outcome}));
      }
    }
  }

  std::unique_ptr<HookDesk> Make(std::uint64_t decided = 0) const {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    const std::vector<std::string> command = {
        "daemon_test",
        std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name()};
    auto desk = std::make_unique<HookDesk>(HookDesk::Options{.directory = tree_.Path("hooks"),
                                                             .user = Uid{geteuid()},
                                                             .decided = decided,
                                                             .courier = {.command = command},
                                                             .runner = {.command = command},
                                                             .now = [] { return Timestamp{7}; }});
    desk->SetHooks({{.name = "h", .call = Webhook{}}}, SealEndpoints({}).value());
    return desk;
  }

  static Event Violation(std::uint64_t id) {
    return {.id = id,
            .kind = EventKind::kViolationAppeared,
            .container_id = "c" + std::to_string(id),
            .control = "C-" + std::to_string(id),
            .severity = Severity::kHigh};
  }

  static void Tell(HookDesk& desk, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t id = first; id <= last; ++id) desk.Add("h", Violation(id));
    desk.Store();
  }

  // Waits until it is so, a minute at most.
  static HookState When(const HookDesk& desk, const std::function<bool(const HookState&)>& so) {
    for (int times = 0; times < 6'000; ++times) {
      const HookState state = desk.States().at(0);
      if (so(state)) return state;
      poll(nullptr, 0, 10);
    }
    ADD_FAILURE() << "never";
    return desk.States().at(0);
  }

  static std::uint64_t CountOf(const HookState& state, Attempt attempt) {
    return state.attempts.at(static_cast<std::size_t>(attempt));
  }

  TempTree tree_;
};

TEST_F(HookDeskTest, LettersGoOnceTheirEventIsDecided) {
  if (IsCourier()) return Play([](const std::string&) { return kTold; });
  const auto desk = Make();
  Tell(*desk, 1, 3);
  desk->Decide(2);
  const HookState some =
      When(*desk, [](const HookState& state) { return CountOf(state, Attempt::kDelivered) == 2; });
  EXPECT_EQ(some.waiting, 1);
  EXPECT_EQ(some.delivered_at, Timestamp{7});
  EXPECT_TRUE(desk->Works());
  desk->Decide(3);
  When(*desk, [](const HookState& state) { return state.waiting == 0; });
}

TEST_F(HookDeskTest, WhatWasNotToldIsToldByTheNextOne) {
  if (IsCourier()) return Play([](const std::string&) { return kTold; });
  {
    HookDesk desk({.directory = tree_.Path("hooks"), .user = Uid{geteuid()}, .now = {}});
    desk.SetHooks({{.name = "h", .call = Webhook{}}}, Fd());  // No courier.
    Tell(desk, 1, 5);
    desk.Decide(4);
  }
  const auto desk = Make(4);
  const HookState state = When(*desk, [](const HookState& now) { return now.waiting == 0; });
  EXPECT_EQ(CountOf(state, Attempt::kDelivered), 4) << "the fifth may never have happened";
}

TEST_F(HookDeskTest, ACallNeedsNoDecision) {
  if (IsCourier()) return Play([](const std::string&) { return kTold; });
  const auto desk = Make();
  EXPECT_FALSE(desk->Call("other", Violation(9)));
  EXPECT_TRUE(desk->Call("h", Violation(9)));
  When(*desk, [](const HookState& state) { return CountOf(state, Attempt::kDelivered) == 1; });
}

TEST_F(HookDeskTest, AReloadFromWebhookToCommandTellsWhatWaits) {
  if (IsCourier()) return PlayCourierOrRunner({}, true);
  const auto desk = Make();
  Tell(*desk, 1, 3);
  desk->Decide(3);
  // The courier, once it is there, has the first one and keeps it.
  When(*desk, [&](const HookState&) { return desk->Works(); });
  desk->SetHooks({{.name = "h", .call = HookCommand{.path = "/bin/true"}}}, Fd());
  const HookState state = When(*desk, [](const HookState& now) { return now.waiting == 0; });
  EXPECT_EQ(CountOf(state, Attempt::kDelivered), 3);
}

TEST_F(HookDeskTest, AReloadFromCommandToWebhookTellsWhatWaits) {
  if (IsCourier()) return PlayCourierOrRunner(kTold, false);
  const auto desk = Make();
  desk->SetHooks({{.name = "h", .call = HookCommand{.path = "/bin/true"}}}, Fd());
  Tell(*desk, 1, 3);
  desk->Decide(3);
  When(*desk, [](const HookState& state) { return CountOf(state, Attempt::kLost) >= 2; });
  desk->SetHooks({{.name = "h", .call = Webhook{}}}, SealEndpoints({}).value());
  const HookState state = When(*desk, [](const HookState& now) { return now.waiting == 0; });
  EXPECT_EQ(CountOf(state, Attempt::kDelivered), 3);
}

TEST_F(HookDeskTest, ACourierThatDiesIsStartedAgain) {
  if (IsCourier()) {
    return Play([](const std::string& body) {
      _exit(static_cast<int>(body.size() % 2));
      return AttemptEnd{};
    });
  }
  const auto desk = Make();
  Tell(*desk, 1, 1);
  desk->Decide(1);
  const HookState state =
      When(*desk, [](const HookState& now) { return CountOf(now, Attempt::kLost) >= 2; });
  EXPECT_EQ(state.waiting, 1);
}

// Told by couriers that die again and again, under a receiver that writes down what it takes.
TEST_F(HookDeskTest, TenThousandLettersAreToldOnceEachButForThoseUnderWay) {
  constexpr std::uint64_t kLetters = 10'000;
  const std::string taken =
      "/tmp/hullmark-desk-" + std::to_string(IsCourier() ? getppid() : getpid());
  if (IsCourier()) {
    int count = 0;
    return Play([&](const std::string& body) {
      std::ofstream(taken, std::ios::app) << body << '\n';
      if (++count == 3'000) _exit(0);  // Told, and not reported.
      return kTold;
    });
  }
  const auto desk = Make();
  Tell(*desk, 1, kLetters);
  EXPECT_EQ(desk->States().at(0).waiting, kLetters);
  desk->Decide(kLetters);
  const HookState state = When(*desk, [](const HookState& now) { return now.waiting == 0; });
  EXPECT_EQ(CountOf(state, Attempt::kDelivered), kLetters);
  EXPECT_EQ(CountOf(state, Attempt::kLost), 3);
  std::ifstream file(taken);
  std::map<std::string, int> times;
  for (std::string line; std::getline(file, line);) ++times[line];
  EXPECT_EQ(times.size(), kLetters) << "none is lost";
  EXPECT_EQ(std::ranges::count_if(times, [](const auto& one) { return one.second > 1; }), 3);
  std::remove(taken.c_str());
}

TEST_F(HookDeskTest, WhatIsRejectedIsCountedAndKept) {
  if (IsCourier())
    return Play([](const std::string&) {
      return AttemptEnd{.attempt = Attempt::kRejected, .status = 400};
    });
  const auto desk = Make();
  Tell(*desk, 1, 1);
  desk->Decide(1);
  const HookState state = When(*desk, [](const HookState& now) { return now.waiting == 0; });
  EXPECT_EQ(state.dead.at(static_cast<std::size_t>(DeadReason::kRejected)), 1);
  EXPECT_NE(tree_.Text("hooks/h.dead").find(R"("reason":"rejected")"), std::string::npos);
}

}  // namespace
}  // namespace hullmark
