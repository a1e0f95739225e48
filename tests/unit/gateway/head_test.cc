// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "hullmark/result.h"

namespace hullmark {
namespace {

const std::string kAsk = "GET /metrics HTTP/1.1\r\nHost: h\r\n";

TEST(Head, WhatAnAnswerNeeds) {
  const auto head = ReadHead(
      "GET /metrics?a=b HTTP/1.1\r\nhOST: h\r\naccept-ENCODING:br\r\nAccept-Encoding: \t gzip \r\n"
      "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\nRange: bytes=a\r\nX:\r\n\r\n");
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/metrics?a=b");
  EXPECT_EQ(head->host, "h");
  EXPECT_EQ(head->accept_encoding, "br, gzip");
  EXPECT_EQ(head->if_none_match, "\"a\", \"b\"");
  EXPECT_FALSE(head->close);
}

TEST(Head, WhatEndsAConnection) {
  for (const char* line : {"Connection: close", "connection: x, CLOSE", "Content-Length: 38",
                           "Content-Length:007", "Transfer-Encoding: chunked"}) {
    EXPECT_TRUE(ReadHead(kAsk + line + "\r\n\r\n").value().close) << line;
  }
  for (const char* line : {"Connection: keep-alive", "Content-Length: 0", "X: close"}) {
    EXPECT_FALSE(ReadHead(kAsk + line + "\r\n\r\n").value().close) << line;
  }
  EXPECT_TRUE(ReadHead("GET / HTTP/1.0\r\n\r\n").value().close);
}

TEST(Head, Http11HasAHost) {
  EXPECT_FALSE(ReadHead("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(ReadHead("GET / HTTP/1.1\r\nHost:\r\n\r\n"));
  EXPECT_TRUE(ReadHead("GET / HTTP/1.0\r\n\r\n"));
}

TEST(Head, AtMost64Lines) {
  std::string lines;
  for (int i = 2; i < 64; ++i) lines += "X: y\r\n";
  EXPECT_TRUE(ReadHead(kAsk + lines + "\r\n"));
  const auto more = ReadHead(kAsk + lines + "X: y\r\n\r\n");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kUnsupported);
}

TEST(Head, TargetsOfAProxy) {
  for (const auto& [target, path] : std::vector<std::pair<std::string, std::string>>{
           {"http://x/healthz", "/healthz"}, {"HTTP://x:1", "/"}, {"http://x?a", "/?a"}}) {
    EXPECT_EQ(ReadHead("GET " + target + " HTTP/1.0\r\n\r\n").value().target, path);
  }
  for (const char* target : {"*", "x:1", "http://", "http:///metrics", "metrics"}) {
    EXPECT_FALSE(ReadHead("GET " + std::string(target) + " HTTP/1.1\r\n\r\n")) << target;
  }
}

TEST(Head, WhatTwoReadersCouldTakeForDifferentRequests) {
  for (const std::string lines :
       {"Content-Length : 38\r\n", "Transfer-Encoding : chunked\r\n", "Content-Length\t: 38\r\n",
        "Content-Length: 0\r\nContent-Length: 38\r\n", "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length:\r\n",
        "Content-Length: +4\r\n", "Content-Length: 4, 4\r\n", "X: y\nContent-Length: 38\r\n",
        "X: y\n", "X: y\rContent-Length: 38\r\n", " X: y\r\n", "X: a\r\n\tb\r\n", ": x\r\n",
        "x\r\n", "X Y: x\r\n", "Host: another\r\n"}) {
    const auto head = ReadHead(kAsk + lines + "\r\n");
    ASSERT_FALSE(head) << lines;
    EXPECT_EQ(head.error().code, ErrorCode::kMalformed) << lines;
  }
  EXPECT_FALSE(ReadHead(kAsk + std::string("X: \0\r\n\r\n", 8)));
}

TEST(Head, RequestLines) {
  for (const std::string line : {"", "GET", "GET /", "GET  / HTTP/1.1", "GET / x HTTP/1.1",
                                 "GET / HTTP/1.1 ", "GET / HTTP/2.0", "GET / http/1.1",
                                 " GET / HTTP/1.1", "G(T / HTTP/1.1", "GET /\tHTTP/1.1"}) {
    EXPECT_FALSE(ReadHead(line + "\r\n\r\n")) << line;
  }
  EXPECT_FALSE(ReadHead("GET / HTTP/1.1\n\r\n"));
  EXPECT_FALSE(ReadHead("GET / HTTP/1.1\r\n"));
  EXPECT_EQ(ReadHead("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n").error().code,
            ErrorCode::kTruncated);
}

}  // namespace
}  // namespace hullmark
