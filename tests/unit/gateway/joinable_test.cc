// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/joinable.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "agent/gateway/meeting.h"
#include "agent/gateway/requests.h"
#include "agent/gateway/tls.h"
#include "agent/gateway/web_settings.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/gateway/client.h"
#include "tests/unit/gateway/meeting_place.h"
#include "tests/unit/gateway/published.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr int kPatience = 60'000;

// A client of the server at a unix socket that has asked.
Fd Asking(const std::string& path, std::string_view request) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(name.sun_path));
  Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  Say(client, request);
  return client;
}

std::string Ask(const std::string& path, std::string_view request) {
  return ReadToEnd(Asking(path, request));
}

// A gateway in a process of its own; inspectors join it at `door`.
class JoinableGateway : public testing::Test {
 protected:
  JoinableGateway() {
    Fd listening = ListenForInspectors(door_);
    child_ = fork();
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // A test that crashes leaves nothing behind.
    _exit(Serve(std::move(listening)));
  }
  ~JoinableGateway() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  static int Serve(Fd inspectors) {
    const auto served = RunJoinableGateway({.inspectors = std::move(inspectors),
                                            .confine = [] { return Result<void>(); },
                                            .listening = [](const std::vector<std::string>&) {},
                                            .warn = [](const std::string&) {},
                                            .alive = [] {}});
    return served ? 0 : 1;
  }

  Channel JoinSilently(const std::string& address) const {
    auto channel = JoinGateway(door_);
    EXPECT_TRUE(channel);
    EXPECT_EQ(channel->SendOrder({.listen = {address}}), Sent::kSent);
    return std::move(*channel);
  }

  Channel Join(const std::string& address, const WebSettings& web = {}) const {
    Channel channel = JoinSilently(address);
    EXPECT_EQ(channel.SendWebSettings(SealWebSettings(web).value()), Sent::kSent);
    return channel;
  }

  void Stop() const {
    kill(child_, SIGSTOP);
    waitpid(child_, nullptr, WUNTRACED);
  }

  int StatusAtTheEnd() {
    int status = -1;
    waitpid(std::exchange(child_, 0), &status, 0);
    return status;
  }

  std::string Address() const { return "unix:" + http_; }

  TempTree tree_;
  std::string door_ = tree_.Path("door"), http_ = tree_.Path("http");
  pid_t child_ = 0;
};

// The first state that says of `sequence` that it came; an error once the channel is closed.
Result<GatewayState> StateOf(const Channel& channel, std::uint64_t sequence) {
  while (true) {
    const auto state = channel.ReceiveState();
    if (!state) return std::unexpected(state.error());
    if (*state && (*state)->received == sequence) return **state;
    pollfd wanted = {.fd = channel.fd(), .events = POLLIN, .revents = 0};
    if (!*state && poll(&wanted, 1, kPatience) != 1) return Fail(ErrorCode::kIo, "silence");
  }
}

TEST_F(JoinableGateway, ServesWhatItsInspectorOrders) {
  const Channel inspector = Join(Address());
  const auto listening = StateOf(inspector, 0);
  ASSERT_TRUE(listening);
  EXPECT_TRUE(listening->listening);
  EXPECT_EQ(listening->sender, Pid{child_});
  ASSERT_EQ(inspector.SendDocuments(MakePublished(), 3), Sent::kSent);
  EXPECT_TRUE(StateOf(inspector, 3));
  EXPECT_TRUE(Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n").ends_with(MetricsText()));
}

TEST_F(JoinableGateway, KeepsThePictureOfAnInspectorThatIsGone) {
  {
    const Channel inspector = Join(Address());
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), 3), Sent::kSent);
    ASSERT_TRUE(StateOf(inspector, 3));
  }
  EXPECT_TRUE(Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n").ends_with(MetricsText()));
  const Channel next = Join(Address());
  const auto state = StateOf(next, 0);
  ASSERT_TRUE(state) << "what an earlier inspector sent is not acknowledged to this one";
  EXPECT_EQ(state->sender, Pid{child_});
  EXPECT_TRUE(Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n").ends_with(MetricsText()));
}

TEST_F(JoinableGateway, LetsNobodyInBeforeTheWebSettings) {
  const Channel inspector = JoinSilently(Address());
  ASSERT_TRUE(StateOf(inspector, 0));
  const Fd client = Asking(http_, "GET /metrics HTTP/1.0\r\n\r\n");
  // Of two rounds the first one lets clients in, the second one answers.
  for (const std::uint64_t sequence : {1U, 2U, 3U}) {
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), sequence), Sent::kSent);
    ASSERT_TRUE(StateOf(inspector, sequence));
  }
  char byte = 0;
  EXPECT_EQ(recv(client.get(), &byte, 1, MSG_DONTWAIT), -1);
  ASSERT_EQ(inspector.SendWebSettings(SealWebSettings({}).value()), Sent::kSent);
  EXPECT_TRUE(ReadToEnd(client).ends_with(MetricsText()));
}

TEST_F(JoinableGateway, MeetsClientsAsTheNewestInspectorWants) {
  const std::string name = "X-Frame-Options";
  const auto header = [&] { return HeaderOf(Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n"), name); };
  {
    const Channel inspector = Join(Address(), {.headers = {{name, "deny"}}});
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), 3), Sent::kSent);
    ASSERT_TRUE(StateOf(inspector, 3));
    EXPECT_EQ(header(), "deny");
  }
  EXPECT_EQ(header(), "deny") << "nobody has said otherwise";
  const Channel next = Join(Address(), {.headers = {{name, "sameorigin"}}});
  ASSERT_EQ(next.SendDocuments(MakePublished(), 1), Sent::kSent);
  ASSERT_TRUE(StateOf(next, 1));
  EXPECT_EQ(header(), "sameorigin");
}

TEST_F(JoinableGateway, SettingsOfNoUseChangeNothing) {
  const WebSettings useless{.tls = TlsSettings{.certificates = "none", .key = "none"}};
  {
    const Channel inspector = Join(Address(), useless);
    EXPECT_EQ(StateOf(inspector, 1).error().code, ErrorCode::kVanished) << "and nobody is let in";
  }
  {
    const Channel inspector = Join(Address(), {.headers = {{"X-Frame-Options", "deny"}}});
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), 3), Sent::kSent);
    ASSERT_TRUE(StateOf(inspector, 3));
  }
  const Channel next = Join(Address(), useless);
  ASSERT_EQ(next.SendDocuments(MakePublished(), 1), Sent::kSent);
  ASSERT_TRUE(StateOf(next, 1));
  EXPECT_EQ(HeaderOf(Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n"), "X-Frame-Options"), "deny");
}

TEST_F(JoinableGateway, CountsForEachInspectorAnew) {
  const auto metrics = static_cast<std::size_t>(Route::kMetrics);
  {
    const Channel inspector = Join(Address());
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), 1), Sent::kSent);
    ASSERT_TRUE(StateOf(inspector, 1));
    Ask(http_, "GET /metrics HTTP/1.0\r\n\r\n");
    ASSERT_EQ(inspector.SendDocuments(MakePublished(), 2), Sent::kSent);
    EXPECT_EQ(StateOf(inspector, 2).value().requests[metrics][ColumnOf(200)], 1);
  }
  const Channel next = Join(Address());
  EXPECT_EQ(StateOf(next, 0).value().requests, RequestCounts{});
}

TEST_F(JoinableGateway, OneInspectorAtATime) {
  const Channel inspector = Join(Address());
  ASSERT_TRUE(StateOf(inspector, 0));
  const auto other = JoinGateway(door_);
  ASSERT_TRUE(other);
  EXPECT_EQ(StateOf(*other, 0).error().code, ErrorCode::kVanished);
  ASSERT_EQ(inspector.SendDocuments(MakePublished(), 3), Sent::kSent);
  EXPECT_TRUE(StateOf(inspector, 3));
}

TEST_F(JoinableGateway, WhoSaysNothingToThePointIsTurnedAway) {
  {
    const auto mute = JoinGateway(door_);
    ASSERT_TRUE(mute);
    ASSERT_EQ(mute->SendState({}), Sent::kSent);
    EXPECT_EQ(StateOf(*mute, 0).error().code, ErrorCode::kVanished);
  }
  const Channel inspector = Join(Address());
  EXPECT_TRUE(StateOf(inspector, 0));
}

TEST_F(JoinableGateway, WhoSaysNothingMakesRoomForTheNext) {
  const auto mute = JoinGateway(door_);
  ASSERT_TRUE(mute);
  const Channel inspector = Join(Address());
  EXPECT_TRUE(StateOf(inspector, 0));
}

TEST_F(JoinableGateway, WhoHasGoneWhileWaitingKeepsNobodyOut) {
  Stop();
  {
    ASSERT_TRUE(JoinGateway(door_));
  }
  const Channel inspector = Join(Address());
  kill(child_, SIGCONT);
  EXPECT_TRUE(StateOf(inspector, 0));
}

TEST_F(JoinableGateway, AnotherOrderTakesAnotherProcess) {
  {
    ASSERT_TRUE(StateOf(Join(Address()), 0));
  }
  const Channel next = JoinSilently("unix:" + tree_.Path("elsewhere"));
  EXPECT_EQ(StateOf(next, 0).error().code, ErrorCode::kVanished);
  EXPECT_EQ(StatusAtTheEnd(), 0);
}

TEST_F(JoinableGateway, AnAddressThatCannotBeHadIsAnError) {
  const Channel inspector = JoinSilently("unix:" + door_);
  EXPECT_EQ(StateOf(inspector, 0).error().code, ErrorCode::kVanished);
  EXPECT_EQ(WEXITSTATUS(StatusAtTheEnd()), 1);
}

}  // namespace
}  // namespace hullmark
