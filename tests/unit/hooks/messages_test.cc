// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/messages.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/hooks/command.h"
#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

const Delivery kDelivery{.hook = "pager", .number = 7, .key = "pager-1f-7", .body = R"({"a":1})"};

TEST(Messages, ADeliveryArrivesWhole) {
  EXPECT_EQ(ParseDelivery(ToPacket(kDelivery)), kDelivery);
  const Delivery largest{.hook = std::string(kMostHookName, 'h'),
                         .number = UINT64_MAX,
                         .key = std::string(kMostKey, 'k'),
                         .body = std::string(kMostBody, 'b')};
  EXPECT_EQ(ParseDelivery(ToPacket(largest)), largest);
  EXPECT_LE(ToPacket(largest).size(), kMostPacket);
}

TEST(Messages, AReportArrivesWhole) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const DeliveryReport report{
        .hook = "pager",
        .number = 7,
        .outcome = {
            .attempt = static_cast<Attempt>(attempt), .status = -9, .retry_after = seconds(3'600)}};
    EXPECT_EQ(ParseReport(ToPacket(report)), report);
  }
  EXPECT_EQ(ParseReport(ToPacket(DeliveryReport{})), DeliveryReport{});
}

TEST(Messages, WhatIsCutOffOrChangedIsNone) {
  const std::string delivery = ToPacket(kDelivery);
  const std::size_t head = delivery.size() - kDelivery.body.size();
  for (std::size_t length = 0; length <= head; ++length) {
    EXPECT_FALSE(ParseDelivery(delivery.substr(0, length))) << length;
  }
  EXPECT_FALSE(ParseDelivery(delivery + std::string(kMostBody, 'x')));
  std::string other = delivery;
  other[0] ^= 1;
  EXPECT_FALSE(ParseDelivery(other));
  EXPECT_FALSE(ParseDelivery(ToPacket(Delivery{.hook = "h", .number = 0, .body = "x"})));

  const std::string report = ToPacket(DeliveryReport{.hook = "h", .number = 1});
  EXPECT_FALSE(ParseReport(report + "x"));
  EXPECT_FALSE(ParseReport(report.substr(1)));
  EXPECT_FALSE(ParseReport(
      ToPacket(DeliveryReport{.outcome = {.attempt = static_cast<Attempt>(kAttempts)}})));
  EXPECT_FALSE(ParseReport(delivery));
  EXPECT_FALSE(ParseDelivery(report));
}

TEST(Messages, NothingWaitsLongerThanAnHour) {
  const auto report = ParseReport(ToPacket(DeliveryReport{
      .number = 1, .outcome = {.attempt = Attempt::kRefused, .retry_after = seconds(1'000'000)}}));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome.retry_after, kLongestRetryAfter);
}

TEST(Messages, AnOrderArrivesWhole) {
  const CommandOrder order{.hook = "ticket",
                           .number = 3,
                           .key = "ticket-1f-3",
                           .path = "/opt/ticket",
                           .user = "tickets",
                           .args = {"a", "", "b c"},
                           .timeout = milliseconds(5'000),
                           .cpu = milliseconds(1'000),
                           .output_max = 4096,
                           .body = std::string("{\0}", 3)};
  EXPECT_EQ(ParseCommandOrder(ToPacket(order)), order);
  const std::string packet = ToPacket(order);
  for (std::size_t length = 0; length < packet.size() - 30; ++length) {
    EXPECT_FALSE(ParseCommandOrder(packet.substr(0, length))) << length;
  }
}

TEST(Messages, AnOrderThatCannotBeRunIsNone) {
  const CommandOrder good{.path = "/a"};
  ASSERT_TRUE(ParseCommandOrder(ToPacket(good)));
  CommandOrder relative = good;
  relative.path = "a";
  CommandOrder cut = good;
  cut.args = {std::string("a\0b", 3)};
  CommandOrder many = good;
  many.args = std::vector<std::string>(65);
  CommandOrder forever = good;
  forever.timeout = std::chrono::hours(25);
  for (const CommandOrder& order : {relative, cut, many, forever}) {
    EXPECT_FALSE(ParseCommandOrder(ToPacket(order)));
  }
}

const std::vector<Endpoint> kEndpoints = {{.hook = "a",
                                           .tls = true,
                                           .host = "::1",
                                           .port = 8443,
                                           .target = "/x?y",
                                           .content_type = "application/json",
                                           .roots = "roots",
                                           .certificates = "cert",
                                           .key = "key",
                                           .token = "token",
                                           .secret = "",
                                           .timeout = milliseconds(2'500)},
                                          {.hook = "b", .tls = false, .host = "h", .port = 80}};

TEST(Endpoints, ArriveWholeAsADescriptor) {
  const auto sealed = SealEndpoints(kEndpoints);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(OpenEndpoints(*sealed).value(), kEndpoints);
  EXPECT_EQ(OpenEndpoints(*SealEndpoints({})).value(), std::vector<Endpoint>{});
}

TEST(Endpoints, WhatIsCutOffIsRefused) {
  const std::string bytes = WriteEndpoints(kEndpoints);
  const std::size_t first = WriteEndpoints({{kEndpoints[0]}}).size();
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_EQ(ReadEndpoints(bytes.substr(0, length)).has_value(), length == first) << length;
  }
}

}  // namespace
}  // namespace hullmark
