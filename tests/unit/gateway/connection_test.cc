// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "agent/gateway/seats.h"
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

TEST(Connection, TheTimeOfARequestBeginsWithItsFirstByte) {
  Pair pair = MakePair(Moment{});
  EXPECT_EQ(pair.connection->standing(), Standing::kIncomplete);
  for (const int at : {0, 1}) {
    Say(pair.client, "G");
    pair.connection->Continue(Moment{} + seconds(at));
    EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(2)) << "a later byte gives no more";
  }
  Say(pair.client, " / HTTP/1.1\r\n\r\n");
  pair.connection->Continue(Moment{} + seconds(1));
  ASSERT_TRUE(pair.connection->TakeHead());
  pair.connection->Write("x");
  pair.connection->EndAnswer(true, Moment{} + seconds(1));
  EXPECT_EQ(pair.connection->standing(), Standing::kIdle);
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(76));
  Say(pair.client, "G");
  pair.connection->Continue(Moment{} + seconds(60));
  EXPECT_EQ(pair.connection->standing(), Standing::kIncomplete);
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(62));
}

TEST(Connection, AHeadEndsWithin8KiB) {
  const std::string end = "\r\n\r\n";
  for (const std::size_t size : {std::size_t{8192}, std::size_t{8193}}) {
    Pair pair = MakePair(Moment{});
    Say(pair.client, "GET / HTTP/1.1\r\nX: " + std::string(size - 23, 'x') + end);
    pair.connection->Continue(Moment{});
    EXPECT_EQ(pair.connection->TakeHead().value().size(), size == 8192 ? size : 0);
  }
}

TEST(Connection, ASlowClientHasTimeAsLongAsItTakesSomething) {
  Pair pair = MakePair(Moment{});
  const std::string body(std::size_t{64} << 20, 'x');
  pair.connection->Lend(body, nullptr);
  ASSERT_TRUE(pair.connection->Write(body));
  pair.connection->EndAnswer(false, Moment{});
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(10));
  std::vector<char> piece(std::size_t{1} << 20);
  pair.connection->Continue(Moment{} + seconds(5));
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(10)) << "nothing was taken";
  for (const int at : {8, 15, 115}) {
    ASSERT_GT(recv(pair.client.get(), piece.data(), piece.size(), 0), 0);
    pair.connection->Continue(Moment{} + seconds(at));
    EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(std::min(at + 10, 120))) << at;
  }
}

TEST(Connection, WhoGoesWhileAPasswordIsVerifiedHasGone) {
  Pair pair = MakePair(Moment{});
  pair.connection->BeginCheck(Moment{});
  EXPECT_FALSE(pair.connection->WantsToRead());
  pair.client = Fd();
  pair.connection->Continue(Moment{});  // For EPOLLHUP, of which epoll(7) always tells.
  EXPECT_EQ(pair.connection->state(), Connection::State::kDone);
}

TEST(Connection, TheLastAnswerEndsIt) {
  Pair pair = MakePair(Moment{});
  Say(pair.client, "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  pair.connection->Continue(Moment{});
  ASSERT_TRUE(pair.connection->TakeHead());
  pair.connection->BeginCheck(Moment{});
  pair.connection->MakeLast();
  pair.connection->Write("x");
  pair.connection->EndAnswer(true, Moment{});
  EXPECT_EQ(ReadToEnd(pair.client), "x");
  EXPECT_FALSE(pair.connection->TakeHead());
}

TEST(Connection, AStreamIsGivenASignOfLife) {
  Pair pair = MakePair(Moment{});
  pair.connection->Write("begin");
  pair.connection->BeginStream({.number = 7}, Moment{});
  EXPECT_EQ(pair.connection->standing(), Standing::kAnswering);
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(15));
  EXPECT_FALSE(pair.connection->Expire(Moment{} + seconds(15)));
  EXPECT_EQ(ReadUntil(pair.client, "\n\n"), "begin: still here\n\n");
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(30));
  EXPECT_EQ(pair.connection->told().number, 7);
}

TEST(Connection, AStreamThatIsNotReadIsDropped) {
  Pair pair = MakePair(Moment{});
  pair.connection->BeginStream({.number = 7}, Moment{});
  const std::string events(std::size_t{8} << 20, 'x');
  pair.connection->Tell("", events, nullptr, {.number = 9}, Moment{});
  EXPECT_TRUE(pair.connection->IsBehind());
  EXPECT_TRUE(pair.connection->WantsToWrite());
  EXPECT_EQ(pair.connection->deadline(), Moment{} + seconds(10));
  EXPECT_FALSE(pair.connection->Expire(Moment{} + seconds(10)));
  EXPECT_EQ(pair.connection->state(), Connection::State::kDone);
}

TEST(Connection, AStreamEndsWithItsClient) {
  Pair pair = MakePair(Moment{});
  pair.connection->BeginStream({.number = 7}, Moment{});
  pair.client = Fd();
  pair.connection->Continue(Moment{});
  EXPECT_EQ(pair.connection->state(), Connection::State::kDone);
}

}  // namespace
}  // namespace hullmark
