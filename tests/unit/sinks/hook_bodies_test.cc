// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/hook_bodies.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "agent/sinks/event_json.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

Event Violation() {
  return {.id = 7,
          .at = Timestamp{1'763'827'200'123'000'000},
          .kind = EventKind::kViolationAppeared,
          .container_id = "0123456789abcdef",
          .name = "web",
          .name_space = "shop",
          .pod = "web-0",
          .image = "nginx",
          .runtime = Runtime::kDocker,
          .control = "CAP-001",
          .title = "No SYS_ADMIN",
          .severity = Severity::kCritical,
          .exposure = 40'000,
          .evidence = "CapEff has CAP_SYS_ADMIN"};
}

TEST(CloudEventTest, IsTheEnvelopeOfAnEvent) {
  EXPECT_EQ(
      CloudEvent(Violation(), "node 1", "pager-1f-3"),
      R"({"specversion":"1.0","id":"pager-1f-3","source":"/hullmark/node%201",)"
      R"("type":"hullmark.violation_appeared","subject":"0123456789abcdef",)"
      R"("time":"2025-11-22T16:00:00.123Z","datacontenttype":"application/json","data":)"
      R"({"id":7,"schema":"hullmark.event/1","at":"2025-11-22T16:00:00.123Z",)"
      R"("kind":"violation_appeared","container":{"id":"0123456789abcdef","name":"web",)"
      R"("runtime":"docker","class":"container","image":"nginx","namespace":"shop","pod":"web-0"},)"
      R"("control":{"id":"CAP-001","title":"No SYS_ADMIN"},"severity":"critical",)"
      R"("evidence":"CapEff has CAP_SYS_ADMIN","exposure":40.0,"grade":null}})");
}

TEST(CloudEventTest, TheHostIsNoSubject) {
  const auto document =
      nlohmann::json::parse(CloudEvent({.id = 1, .kind = EventKind::kGradeChanged}, "h", "k"));
  EXPECT_FALSE(document.contains("subject"));
  EXPECT_TRUE(document["data"]["container"].is_null());
}

TEST(CloudEventTest, HostileTextStaysWithinItsString) {
  const std::string body = CloudEvent(testing::HostileEvent(), "h\"\n", "k");
  for (const char byte : body) EXPECT_GE(static_cast<unsigned char>(byte), ' ');
  EXPECT_EQ(nlohmann::json::parse(body)["source"], "/hullmark/h%22%0A");
  EXPECT_EQ(nlohmann::json::parse(body)["data"],
            nlohmann::json::parse(EventLine(testing::HostileEvent())));
}

constexpr const char* kFiring =
    R"({"labels":{"alertname":"HullmarkViolation","control":"CAP-001","severity":"critical",)"
    R"("host":"n","container":"web","container_id":"0123456789ab","namespace":"shop",)"
    R"("pod":"web-0","runtime":"docker"},"annotations":{"summary":"CAP-001 on web: No SYS_ADMIN",)"
    R"("description":"CapEff has CAP_SYS_ADMIN"},"startsAt":"2025-11-22T16:00:00.123Z",)"
    R"("endsAt":"2025-11-29T16:00:00.123Z"})";

TEST(AlertsTest, AViolationFires) {
  EXPECT_EQ(Alerts(Violation(), "n"), "[" + std::string(kFiring) + "]");
}

TEST(AlertsTest, AResolvedOneEndsWithTheSameLabels) {
  Event event = Violation();
  event.kind = EventKind::kViolationResolved;
  const auto alert = nlohmann::json::parse(Alerts(event, "n"))[0];
  EXPECT_EQ(alert["labels"], nlohmann::json::parse(kFiring)["labels"]);
  EXPECT_EQ(alert["endsAt"], "2025-11-22T16:00:00.123Z");
}

TEST(AlertsTest, AnotherSeverityEndsOneAndBeginsOne) {
  Event event = Violation();
  event.kind = EventKind::kViolationChanged;
  event.former_severity = Severity::kHigh;
  const auto alerts = nlohmann::json::parse(Alerts(event, "n"));
  ASSERT_EQ(alerts.size(), 2);
  EXPECT_EQ(alerts[0]["labels"]["severity"], "high");
  EXPECT_EQ(alerts[0]["endsAt"], alerts[0]["startsAt"]);
  EXPECT_EQ(alerts[1], nlohmann::json::parse(kFiring));
}

TEST(AlertsTest, WhatIsEmptyIsNoLabel) {
  Event event = Violation();
  event.container_id.clear();
  const auto labels = nlohmann::json::parse(Alerts(event, "n"))[0]["labels"];
  EXPECT_EQ(labels, nlohmann::json::parse(R"({"alertname":"HullmarkViolation","control":"CAP-001",
                                              "severity":"critical","host":"n"})"));
}

TEST(AlertsTest, OnlyViolationsAreAlerts) {
  Event event = Violation();
  event.kind = EventKind::kControlUnknown;
  EXPECT_EQ(Alerts(event, "n"), "");
  EXPECT_EQ(Alerts({.kind = EventKind::kContainerGone}, "n"), "");
}

}  // namespace
}  // namespace hullmark
