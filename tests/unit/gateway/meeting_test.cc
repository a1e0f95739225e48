// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/meeting.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/channel.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/gateway/meeting_place.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr uid_t kNobody = 65534;

// What `act` returns as a user who is nobody.
int AsNobody(const std::function<int()>& act) {
  const pid_t child = fork();
  if (child == 0) _exit(setresuid(kNobody, kNobody, kNobody) == 0 ? act() : 100);
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

struct Place {
  TempTree tree;
  std::string path = tree.Path("gateway.sock");
  Fd listening = ListenForInspectors(path);

  Place() {
    chmod(tree.Path("").c_str(), 0777);
    chmod(path.c_str(), 0777);
  }
};

TEST(Meeting, BothSidesKnowWhoTheOtherIs) {
  Place place;
  const auto socket = InspectorSocket::Adopt(std::move(place.listening)).value();
  EXPECT_FALSE(socket.Accept().value());
  const auto inspector = JoinGateway(place.path);
  ASSERT_TRUE(inspector) << inspector.error().message;
  // Said before it was accepted, and has its sender nevertheless.
  ASSERT_EQ(inspector->SendOrder({.listen = {"127.0.0.1:0"}}), Sent::kSent);
  const auto gateway = socket.Accept();
  ASSERT_TRUE(gateway && *gateway);
  EXPECT_EQ((*gateway)->ReceiveOrder().value(), ServeOrder{.listen = {"127.0.0.1:0"}});
  ASSERT_EQ((*gateway)->SendState({.listening = true}), Sent::kSent);
  EXPECT_EQ(inspector->ReceiveState().value()->sender, Pid{getpid()});
}

TEST(Meeting, AnInspectorOfAnotherUserIsDenied) {
  if (!CanBecomeAnother()) GTEST_SKIP() << "another user takes root";
  Place place;
  const auto socket = InspectorSocket::Adopt(std::move(place.listening)).value();
  ASSERT_EQ(AsNobody([&] { return JoinGateway(place.path) ? 0 : 1; }), 0);
  EXPECT_EQ(socket.Accept().error().code, ErrorCode::kDenied);
}

TEST(Meeting, AGatewayOfAnotherUserIsDenied) {
  if (!CanBecomeAnother()) GTEST_SKIP() << "another user takes root";
  const Place place;
  const std::string other = place.tree.Path("other");
  ASSERT_EQ(seteuid(kNobody), 0);
  const Fd listening = ListenForInspectors(other);
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_TRUE(listening);
  EXPECT_EQ(JoinGateway(other).error().code, ErrorCode::kDenied);
}

TEST(Meeting, WhereNobodyListensThereIsAnError) {
  Place place;
  EXPECT_EQ(JoinGateway(place.tree.Path("nothing")).error().code, ErrorCode::kNotFound);
  place.listening = Fd();
  const auto joined = JoinGateway(place.path);
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().message, place.path + ": Connection refused");
  EXPECT_FALSE(JoinGateway("/" + std::string(200, 'a')));
}

}  // namespace
}  // namespace hullmark
