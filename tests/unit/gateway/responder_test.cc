// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/responder.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/gateway/admission.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/connection.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "tests/unit/gateway/client.h"
#include "tests/unit/gateway/published.h"

namespace hullmark {
namespace {

// What a client gets for one head, up to the end of its connection.
std::string Respond(Responder& responder, const std::string& head) {
  Pair pair = MakePair({});
  Admission(responder, [] {}).Receive(head, 1, *pair.connection, {});
  pair.connection.reset();
  return ReadToEnd(pair.client);
}

class Responding : public testing::Test {
 protected:
  std::string Ask(const std::string& head) { return Respond(responder_, head); }

  std::vector<int> counted_;
  Responder responder_{ApiRule::kLoopback, Published,
                       [this](Route, int status) { counted_.push_back(status); },
                       [](const Connection&) { return true; }};
};

TEST_F(Responding, AnUnclearHeadIsAnErrorAndTheLast) {
  for (const std::string line : {"Content-Length : 38\r\n", "Transfer-Encoding : chunked\r\n",
                                 "Content-Length: 0\r\nContent-Length: 38\r\n", "X: y\n"}) {
    const std::string answer = Ask("GET /metrics HTTP/1.1\r\nHost: h\r\n" + line + "\r\n");
    EXPECT_EQ(Status(answer), "HTTP/1.1 400") << line;
    EXPECT_EQ(HeaderOf(answer, "Connection"), "close");
    EXPECT_TRUE(Body(answer).starts_with(R"({"error":{"code":"bad_request")")) << answer;
  }
  EXPECT_EQ(counted_, std::vector<int>(4, 400));
}

TEST_F(Responding, RefusalsHaveTheHeadersOfEveryAnswer) {
  responder_.SetHeaders({{"X-Frame-Options", "deny"}, {"x-content-type-options", "nosniff"}});
  for (const bool with_body : {true, false}) {
    Pair pair = MakePair({});
    responder_.Refuse(*pair.connection, 401, "no", with_body);
    const std::string answer = ReadToEnd(pair.client);
    EXPECT_EQ(HeaderOf(answer, "X-Frame-Options"), "deny");
    EXPECT_EQ(HeaderOf(answer, "X-Content-Type-Options"), "") << "in its other spelling alone";
    EXPECT_EQ(HeaderOf(answer, "Content-Length"), "49");
    EXPECT_EQ(Body(answer).size(), with_body ? 49 : 0) << answer;
  }
}

TEST_F(Responding, AnExpectationIsNotAnswered) {
  const std::string answer =
      Ask("GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(Status(answer), "HTTP/1.1 200");
  EXPECT_EQ(HeaderOf(answer, "Connection"), "close");
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
}

TEST_F(Responding, ARangeThatIsNoneIsNoError) {
  EXPECT_EQ(Status(Ask("GET /metrics HTTP/1.1\r\nHost: h\r\nRange: bytes=a\r\n\r\n")),
            "HTTP/1.1 200");
  EXPECT_EQ(counted_, std::vector<int>{200});
  EXPECT_EQ(HeaderOf(Ask("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n"), "Accept-Ranges"), "");
}

TEST_F(Responding, TheLastAnswerSaysSo) {
  for (const std::string head :
       {"GET /healthz HTTP/1.0\r\n\r\n", "BREW /metrics HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const std::string answer = Ask(head);
    EXPECT_EQ(HeaderOf(answer, "Connection"), "close") << answer;
    EXPECT_EQ(HeaderOf(answer, "Keep-Alive"), "") << answer;
  }
  EXPECT_EQ(HeaderOf(Ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"), "Connection"), "");
}

TEST_F(Responding, ListsOfSeveralLinesAndTargetsOfAProxy) {
  EXPECT_EQ(
      HeaderOf(
          Ask("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip"
              "\r\n\r\n"),
          "Content-Encoding"),
      "gzip");
  EXPECT_EQ(Body(Ask("GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n")), "alive\n");
}

TEST(Responder, WhatIsThrownIsAnAnswer) {
  std::vector<int> counted;
  Responder responder(
      ApiRule::kLoopback,
      []() -> std::shared_ptr<const Documents> { throw std::runtime_error("secret"); },
      [&counted](Route, int status) { counted.push_back(status); },
      [](const Connection&) { return true; });
  const std::string answer = Respond(responder, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(Status(answer), "HTTP/1.1 500");
  EXPECT_EQ(HeaderOf(answer, "Connection"), "close");
  EXPECT_TRUE(Body(answer).starts_with(R"({"error":{"code":"internal")")) << answer;
  EXPECT_FALSE(answer.contains("secret"));
  EXPECT_EQ(counted, std::vector<int>{500});
}

TEST(Responder, WhatIsThrownWithinAnAnswerEndsIt) {
  Responder responder(
      ApiRule::kLoopback, Published, [](Route, int) { throw std::runtime_error("x"); },
      [](const Connection&) { return true; });
  Pair pair = MakePair({});
  responder.Respond({.method = "GET", .target = "/healthz"}, false, *pair.connection);
  EXPECT_EQ(pair.connection->state(), Connection::State::kLingering);
}

}  // namespace
}  // namespace hullmark
