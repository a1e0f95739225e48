// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/webhook.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/tls_client.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

// Answers each request on one connection after the other with the next text; "" closes.
class Receiver {
 public:
  explicit Receiver(std::vector<std::string> answers) : answers_(std::move(answers)) {
    socklen_t length = sizeof place_;
    listen(listening_.get(), 8);
    getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&place_), &length);
    thread_ = std::thread([this] { Serve(); });
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() {
    shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::uint16_t port() const { return ntohs(place_.sin_port); }
  const std::vector<std::string>& heard() const { return heard_; }
  int connections() const { return connections_; }

 private:
  void Serve() {
    while (true) {
      const Fd client(accept(listening_.get(), nullptr, nullptr));
      if (!client) return;
      ++connections_;
      while (heard_.size() < answers_.size() && Answer(client)) {
      }
    }
  }

  bool Answer(const Fd& client) {
    std::string request;
    std::array<char, 4096> piece{};
    while (!request.ends_with("}")) {
      const ssize_t got = recv(client.get(), piece.data(), piece.size(), 0);
      if (got <= 0) return false;
      request.append(piece.data(), static_cast<std::size_t>(got));
    }
    heard_.push_back(request);
    const std::string& answer = answers_[heard_.size() - 1];
    send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    return !answer.empty();
  }

  std::vector<std::string> answers_, heard_;
  Fd listening_{socket(AF_INET, SOCK_STREAM, 0)};
  sockaddr_in place_{};
  int connections_ = 0;
  std::thread thread_;
};

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class WebhookTest : public testing::Test {
 protected:
  WebhookLine To(const Receiver& receiver, milliseconds timeout = seconds(60)) const {
    return WebhookLine({.hook = "h",
                        .tls = false,
                        .host = "127.0.0.1",
                        .port = receiver.port(),
                        .target = "/in?x=%20y",
                        .content_type = "application/json",
                        .token = "T",
                        .secret = "S",
                        .timeout = timeout},
                       world_);
  }

  const WebhookLine::World world_{
      .hosts = {}, .now = [] { return std::int64_t{0}; }, .agent = "hullmark/1"};
};

TEST_F(WebhookTest, WhatIsSent) {
  const Receiver receiver({kOk});
  WebhookLine webhook = To(receiver);
  EXPECT_EQ(webhook.Deliver("key", R"({"a":1})"),
            (AttemptEnd{.attempt = Attempt::kDelivered, .status = 200}));
  std::string request = receiver.heard().at(0);
  EXPECT_TRUE(request.starts_with("POST /in?x=%20y HTTP/1.1\r\n")) << request;
  for (const std::string& line :
       {"Host: 127.0.0.1:" + std::to_string(receiver.port()), std::string("User-Agent: hullmark/1"),
        std::string("Content-Type: application/json"), std::string("Content-Length: 7"),
        std::string("Idempotency-Key: key"), std::string("Authorization: Bearer T"),
        "X-Hullmark-Signature: sha256=" + Signature("S", R"({"a":1})")}) {
    EXPECT_NE(request.find("\r\n" + line + "\r\n"), std::string::npos) << line << "\n" << request;
  }
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_F(WebhookTest, AConnectionIsUsedAgainWhereItsAnswerHasEnded) {
  const Receiver receiver({kOk, "HTTP/1.1 204 x\r\n\r\n", kOk,
                           "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                           std::string(kOk) + "HTTP/1.1 200 OK\r\n\r\n", kOk});
  WebhookLine webhook = To(receiver);
  const std::array<int, 6> connections = {1, 1, 1, 1, 2, 3};
  for (const int count : connections) {
    EXPECT_EQ(webhook.Deliver("k", "{}").attempt, Attempt::kDelivered);
    EXPECT_EQ(receiver.connections(), count);
  }
}

TEST_F(WebhookTest, WhatAnswersMean) {
  const std::pair<const char*, AttemptEnd> cases[] = {
      {"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n",
       {.attempt = Attempt::kRefused, .status = 500}},
      {"HTTP/1.1 429 x\r\nRetry-After: 7\r\n\r\n",
       {.attempt = Attempt::kRefused, .status = 429, .retry_after = seconds(7)}},
      {"HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
       {.attempt = Attempt::kRefused, .status = 302}},
      {"HTTP/1.1 422 x\r\nRetry-After: 7\r\n\r\n", {.attempt = Attempt::kRejected, .status = 422}},
      // What comes after the head does not matter.
      {"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nzz",
       {.attempt = Attempt::kDelivered, .status = 200}},
      {"SSH-2.0\r\n", {.attempt = Attempt::kGarbage}}};
  for (const auto& [answer, end] : cases) {
    const Receiver receiver({answer, ""});
    WebhookLine webhook = To(receiver, milliseconds(500));
    EXPECT_EQ(webhook.Deliver("k", "{}"), end) << answer;
  }
}

TEST_F(WebhookTest, AnswersAreBounded) {
  for (const std::string& answer :
       {"HTTP/1.1 200 " + std::string(2'000, 'x') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"}) {
    const Receiver receiver({answer});
    WebhookLine webhook = To(receiver);
    EXPECT_EQ(webhook.Deliver("k", "{}").attempt, Attempt::kGarbage);
  }
  const Receiver receiver({"HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x')});
  WebhookLine webhook = To(receiver);
  EXPECT_EQ(webhook.Deliver("k", "{}").attempt, Attempt::kDelivered);
}

TEST_F(WebhookTest, WhoDoesNotAnswerIsLeft) {
  const Receiver receiver({"HTTP/1.1 2", ""});
  WebhookLine webhook = To(receiver, milliseconds(100));
  EXPECT_EQ(webhook.Deliver("k", "{}"), (AttemptEnd{.attempt = Attempt::kTimeout}));
}

TEST_F(WebhookTest, WhoClosesOrIsNotThere) {
  std::uint16_t port = 0;
  {
    const Receiver receiver({""});
    port = receiver.port();
    WebhookLine webhook = To(receiver);
    EXPECT_EQ(webhook.Deliver("k", "{}"), (AttemptEnd{.attempt = Attempt::kUnconnected}));
  }
  WebhookLine nobody({.tls = false, .host = "127.0.0.1", .port = port}, world_);
  EXPECT_EQ(nobody.Deliver("k", "{}"), (AttemptEnd{.attempt = Attempt::kUnconnected}));
}

TEST_F(WebhookTest, WithoutRootsNobodyIsTrusted) {
  const Receiver receiver({kOk});
  WebhookLine webhook({.tls = true, .host = "127.0.0.1", .port = receiver.port()}, world_);
  EXPECT_EQ(webhook.Deliver("k", "{}"), (AttemptEnd{.attempt = Attempt::kUntrusted}));
  EXPECT_EQ(receiver.connections(), 0);
}

TEST(SignatureTest, IsTheOneOfTheStandard) {  // RFC 4231, test case 2.
  EXPECT_EQ(Signature("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace hullmark
