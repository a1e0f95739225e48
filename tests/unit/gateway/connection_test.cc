// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>

#include "tests/unit/gateway/client.h"

namespace hullmark {
namespace {

using std::chrono::seconds;
using Moment = Connection::Moment;

TEST(Connection, ARequestThatDoesNotComeInTimeIsAnError) {
  Pair pair = MakePair(Moment{});
  Say(pair.client, "GET /metr");
  pair.connection->Continue(Moment{});
  EXPECT_TRUE(pair.connection->Expire(Moment{} + seconds(6)));
  const std::string answer = ReadToEnd(pair.client);
  EXPECT_EQ(Status(answer), "HTTP/1.1 408");
  EXPECT_EQ(HeaderOf(answer, "Connection"), "close");
  EXPECT_TRUE(Body(answer).starts_with(R"({"error":{"code":"timeout")")) << answer;
}

TEST(Connection, ASilentClientIsToldNothing) {
  Pair pair = MakePair(Moment{});
  EXPECT_FALSE(pair.connection->Expire(Moment{} + seconds(6)));
  EXPECT_EQ(pair.connection->state(), Connection::State::kDone);
}

TEST(Connection, OneEmptyLineBeforeARequestIsSkipped) {
  Pair pair = MakePair(Moment{});
  Say(pair.client, "\r\nGET / HTTP/1.1\r\n\r\n");
  pair.connection->Continue(Moment{});
  EXPECT_EQ(pair.connection->TakeHead(), "GET / HTTP/1.1\r\n\r\n");
}

}  // namespace
}  // namespace hullmark
