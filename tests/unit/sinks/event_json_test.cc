// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/event_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "hullmark/event.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

TEST(EventJsonTest, IsOneLineWithTheIdFirst) {
  const Event event = {.id = 7, .kind = EventKind::kContainerGone, .container_id = "abc"};
  EXPECT_EQ(EventLine(event),
            R"({"id":7,"schema":"hullmark.event/1","at":"1970-01-01T00:00:00.000Z",)"
            R"("kind":"container_gone","container":{"id":"abc","name":"","runtime":"unknown",)"
            R"("class":"container","image":"","namespace":"","pod":""},"exposure":0.0,)"
            R"("grade":null})"
            "\n");
}

TEST(EventJsonTest, AViolationNamesControlSeverityAndProof) {
  const auto document = nlohmann::json::parse(EventLine(testing::ViolationEvent()));
  EXPECT_EQ(document["control"]["id"], "CAP-001");
  EXPECT_EQ(document["severity"], "critical");
  EXPECT_EQ(document["evidence"], "CapEff has CAP_SYS_ADMIN");
  EXPECT_EQ(document["exposure"], 131.5);
  EXPECT_EQ(document["grade"], "F");
  EXPECT_FALSE(document.contains("former_severity"));
}

TEST(EventJsonTest, TheHostIsNoContainer) {
  Event event = testing::ViolationEvent();
  event.container_id.clear();
  EXPECT_TRUE(nlohmann::json::parse(EventLine(event))["container"].is_null());
}

TEST(EventJsonTest, HostileTextStaysWithinItsString) {
  const std::string line = EventLine(testing::HostileEvent());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char byte : line.substr(0, line.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(byte), ' ');
  }
  EXPECT_EQ(nlohmann::json::parse(line)["container"]["name"], "a\"}\n\x1B[2J\\xff");
  EXPECT_EQ(IdOfEventLine(line), 9U);
}

TEST(EventJsonTest, OnlyWholeLinesHaveAnId) {
  const std::string line = EventLine(testing::ViolationEvent());
  EXPECT_EQ(IdOfEventLine(line), 8U);
  EXPECT_EQ(IdOfEventLine(line.substr(0, line.size() - 1)), 8U);
  EXPECT_EQ(IdOfEventLine(line.substr(0, line.size() - 2)), std::nullopt);
  EXPECT_EQ(IdOfEventLine(line + line), std::nullopt);
  for (const std::string_view other :
       {"", "{}", R"({"id":})", R"({"id":"1","a":0})", R"({"id":0,"a":0})", R"({"id":-1,"a":0})",
        R"({"id":18446744073709551616,"a":0})", R"({"id":18446744073709551615,"a":0})"}) {
    EXPECT_EQ(IdOfEventLine(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace hullmark
