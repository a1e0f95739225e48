// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/publish.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "agent/daemon/recent_events.h"
#include "agent/gateway/documents.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const Documents> PublishedOf(const testing::World& world) {
  auto file = MakeDocuments(world.Input(), "metric 1\n", "", RecentEvents(), {.sequence = 3});
  return Documents::Open(std::move(*file)).value();
}

Json JsonAt(const Documents& documents, const std::string& path) {
  return Json::parse(documents.Find(path).value().plain);
}

TEST(Publish, EveryContainerIsAPartOfTheReport) {
  for (const testing::World& world : {testing::Everything(), testing::FiftyContainers()}) {
    const auto documents = PublishedOf(world);
    const Json report = JsonAt(*documents, "/api/v1/report");
    ASSERT_EQ(report["containers"].size(), world.report.containers.size());
    for (const Json& container : report["containers"]) {
      const std::string id = container["id"];
      const Json found = JsonAt(*documents, "/api/v1/containers/" + id);
      EXPECT_EQ(found["id"], id);
      EXPECT_TRUE(found.contains("findings"));
    }
  }
}

TEST(Publish, TheListsSayTheSameAsTheReport) {
  const testing::World world = testing::FiftyContainers();
  const auto documents = PublishedOf(world);
  const Json report = JsonAt(*documents, "/api/v1/report");
  const Json containers = JsonAt(*documents, "/api/v1/containers")["containers"];
  ASSERT_EQ(containers.size(), report["containers"].size());
  std::size_t failing = 0;
  for (const auto& finding : report["host"]["findings"]) failing += finding["status"] == "fail";
  for (std::size_t i = 0; i < containers.size(); ++i) {
    for (const char* member : {"id", "name", "runtime", "class", "image", "score", "grade"}) {
      EXPECT_EQ(containers[i][member], report["containers"][i][member]);
    }
    failing += containers[i]["failing"].get<std::size_t>();
  }
  EXPECT_GT(failing, 0U);
  EXPECT_EQ(JsonAt(*documents, "/api/v1/violations")["violations"].size(), failing);
}

TEST(Publish, HostileNamesStayText) {
  const auto documents = PublishedOf(testing::Hostile());
  const std::string_view page = documents->Find("/").value().plain;
  EXPECT_EQ(page.find("<script"), std::string_view::npos);
  for (const char byte : page)
    EXPECT_TRUE(byte == '\n' || static_cast<unsigned char>(byte) >= 0x20);
  EXPECT_FALSE(JsonAt(*documents, "/api/v1/violations")["violations"].empty());
}

TEST(Publish, NobodyIsAPictureToo) {
  const auto documents = PublishedOf(testing::MakeWorld());
  EXPECT_EQ(JsonAt(*documents, "/api/v1/containers")["containers"].size(), 0U);
  EXPECT_TRUE(documents->Find("/"));
  EXPECT_EQ(documents->Find("/metrics")->plain, "metric 1\n");
}

}  // namespace
}  // namespace hullmark
