// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/answer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/unit/gateway/published.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

Answer Get(Asked asked, ApiRule api = ApiRule::kLoopback, seconds now = seconds(100)) {
  if (asked.method.empty()) asked.method = "GET";
  return AnswerTo(asked, Published(), api, now);
}

TEST(Answer, MetricsAreForEverybodyTheRestForThisHost) {
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(Get({.path = path, .local = false}).status, 200) << path;
    EXPECT_EQ(Get({.path = path, .local = false}, ApiRule::kOff).status, 200) << path;
  }
  for (const char* path : {"/", "/api/v1/report", "/api/v1/containers/aaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(Get({.path = path, .local = true}).status, 200) << path;
    EXPECT_EQ(Get({.path = path, .local = false}).status, 403) << path;
    EXPECT_EQ(Get({.path = path, .local = true}, ApiRule::kOff).status, 403) << path;
    EXPECT_EQ(Get({.path = path, .local = true}, ApiRule::kAuthenticated).status, 403) << path;
  }
}

TEST(Answer, WhatIsNotThere) {
  for (const char* path : {"", "/metrics/", "/api", "/api/v1/containers/", "/other", "other",
                           "/api/v1/containers/{id}"}) {
    const Answer answer = Get({.path = path, .local = true});
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_TRUE(answer.text.starts_with(R"({"error":{"code":"not_found","message":")")) << path;
  }
  EXPECT_EQ(Get({.path = "/api/v1/containers/aaaaaaaaaaaa", .local = true}).status, 404);
  EXPECT_EQ(Get({.path = "/api/v1/containers/aaaaaaaaaaaab", .local = true}).status, 200);
  EXPECT_EQ(Get({.path = "/api/v1/containers/a", .local = true}).status, 404);
}

TEST(Answer, OtherMethodsAndFormats) {
  EXPECT_EQ(Get({.method = "POST", .path = "/metrics"}).status, 405);
  EXPECT_EQ(Get({.method = "HEAD", .path = "/metrics"}).status, 200);
  EXPECT_EQ(Get({.path = "/api/v1/report", .format = "json", .local = true}).status, 200);
  EXPECT_EQ(Get({.path = "/api/v1/report", .format = "html", .local = true}).status, 400);
}

TEST(Answer, Readiness) {
  EXPECT_EQ(Get({.path = "/readyz"}, ApiRule::kOff, seconds(160)).status, 200);
  EXPECT_EQ(Get({.path = "/readyz"}, ApiRule::kOff, seconds(161)).status, 503);
  EXPECT_EQ(Get({.path = "/metrics"}, ApiRule::kOff, seconds(161)).status, 200);
  const Asked ready{.method = "GET", .path = "/readyz"};
  EXPECT_EQ(AnswerTo(ready, nullptr, ApiRule::kOff, {}).status, 503);
  const Asked metrics{.method = "GET", .path = "/metrics"};
  EXPECT_EQ(AnswerTo(metrics, nullptr, ApiRule::kOff, {}).status, 503);
  const Asked alive{.method = "GET", .path = "/healthz"};
  EXPECT_EQ(AnswerTo(alive, nullptr, ApiRule::kOff, {}).status, 200);
}

TEST(Answer, GzipWhereItIsAccepted) {
  for (const char* accepted :
       {"gzip", "deflate, gzip;q=0.5", "*", "br , x-gzip", "gzip;q=1.0", "GZip", "X-GZIP;Q=0.1"}) {
    EXPECT_TRUE(Get({.path = "/metrics", .accept_encoding = accepted}).gzip) << accepted;
  }
  for (const char* accepted : {"", "identity", "gzip;q=0", "gzip;q=0.000, *", "br", "gzipped",
                               "GZIP;Q=0", "gzip ; Q=0.0, *"}) {
    EXPECT_FALSE(Get({.path = "/metrics", .accept_encoding = accepted}).gzip) << accepted;
  }
  EXPECT_FALSE(Get({.path = "/", .accept_encoding = "gzip", .local = true}).gzip);
}

TEST(Answer, TheSameIsNotSentTwice) {
  const Answer first = Get({.path = "/metrics"});
  const Answer zipped = Get({.path = "/metrics", .accept_encoding = "gzip"});
  EXPECT_NE(first.etag, zipped.etag);
  EXPECT_FALSE(first.body.empty());
  for (const std::string& held :
       {first.etag, "W/" + first.etag, "\"x\", " + first.etag, std::string("*")}) {
    const Answer again = Get({.path = "/metrics", .if_none_match = held});
    EXPECT_EQ(again.status, 304) << held;
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(again.length, first.length);
    EXPECT_EQ(again.etag, first.etag);
  }
  EXPECT_EQ(Get({.path = "/metrics", .if_none_match = zipped.etag}).status, 200);
  EXPECT_EQ(Get({.path = "/metrics", .if_none_match = "x"}).status, 200);
}

}  // namespace
}  // namespace hullmark
