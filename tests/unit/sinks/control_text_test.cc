// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/encode/text.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using Json = nlohmann::ordered_json;

const Benchmark& AnyBenchmark() {
  static const testing::World world = testing::MakeWorld();
  return world.benchmark;
}

std::string List(bool json) {
  std::string text;
  WriteControlList(AnyBenchmark(), [&](std::string_view bytes) { text += bytes; }, json);
  return text;
}

std::string Explain(std::size_t control, bool json) {
  std::string text;
  WriteControl(
      AnyBenchmark(), AnyBenchmark().controls[control],
      [&](std::string_view bytes) { text += bytes; }, json);
  return text;
}

TEST(Controls, ListHasALineEach) {
  const std::string text = List(false);
  EXPECT_NE(text.find("  CAP-001  critical  125  Process does not administer the host\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nhost\n  HST-001"), std::string::npos);
}

TEST(Controls, ListAsJsonCarriesEverything) {
  const Json list = Json::parse(List(true));
  ASSERT_EQ(list["controls"].size(), 10U);
  EXPECT_EQ(list["benchmark"]["id"], "hullmark");
  const Json& first = list["controls"][0];
  EXPECT_EQ(first["id"], "CAP-001");
  EXPECT_EQ(first["params"]["allow"], Json::parse(R"(["CAP_CHOWN","CAP_KILL"])"));
  EXPECT_EQ(first["reads"], "/proc/PID/status");
  EXPECT_EQ(list["controls"][1]["escalate"].dump(),
            R"({"with":"SCP-001","on_unknown":false,"severity":"high","weight":25})");
  EXPECT_EQ(list["controls"][7]["explains"].size(), 3U);
}

TEST(Controls, ExplainSaysWhyWhatAndHow) {
  const std::string text = Explain(1, false);
  for (const char* part :
       {"CAP-008 Process cannot send raw packets\n", "medium, 4 points", "where SCP-001 fails",
        "Why it matters\n  Because", "What is read\n  /proc/PID/status", "  docker      Run with",
        "  kubernetes  In the container:", "  CIS Docker  5.4", "  ATT&CK      T1611"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  for (const std::string& line : testing::Lines(text)) EXPECT_LE(Columns(line), 80U);
}

TEST(Controls, ExplainLeavesOutWhatThereIsNot) {
  const std::string text = Explain(8, false);
  EXPECT_EQ(text.find("docker "), std::string::npos);
  EXPECT_NE(text.find("  host        sysctl"), std::string::npos);
}

TEST(Controls, ExplainAsJsonIsTheSameObjectAsInTheList) {
  EXPECT_EQ(Json::parse(Explain(3, true))["control"], Json::parse(List(true))["controls"][3]);
}

}  // namespace
}  // namespace hullmark
