// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/gateway.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "tests/unit/gateway/published.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

int Serve(Fd channel, const std::string& address) {
  const auto served = RunGateway({.server = {.listen = {address}},
                                  .channel = std::move(channel),
                                  .confine = [] { return Result<void>(); },
                                  .listening = [](const std::vector<std::string>&) {},
                                  .warn = [](const std::string&) {}});
  return served ? 0 : 1;
}

// The first state that says of `sequence` that it came.
GatewayState StateOf(const Channel& channel, std::uint64_t sequence) {
  constexpr int kPatience = 60'000;
  while (true) {
    const auto state = channel.ReceiveState();
    if (!state || (*state && (*state)->received == sequence)) return state->value();
    pollfd wanted = {.fd = channel.fd(), .events = POLLIN, .revents = 0};
    if (!*state && poll(&wanted, 1, kPatience) != 1) return {};
  }
}

TEST(Gateway, DocumentsThatCannotBeOpenedAreAcknowledgedAsRefused) {
  const TempTree tree;
  auto ends = Channel::MakePair().value();
  const pid_t child = fork();
  if (child == 0) {
    ends.first = Channel();
    _exit(Serve(std::move(ends.second), "unix:" + tree.Path("s")));
  }
  ends.second = Fd();
  const Fd unsealed(memfd_create("unsealed", MFD_CLOEXEC));
  ASSERT_EQ(ends.first.SendDocuments(unsealed, 5), Sent::kSent);
  EXPECT_TRUE(StateOf(ends.first, 5).refused);
  ASSERT_EQ(ends.first.SendDocuments(MakePublished(), 6), Sent::kSent);
  const GatewayState state = StateOf(ends.first, 6);
  EXPECT_EQ(state.received, 6);
  EXPECT_FALSE(state.refused);
  ends.first = Channel();
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace hullmark
