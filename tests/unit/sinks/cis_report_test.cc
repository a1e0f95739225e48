// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "agent/sinks/report_sinks.h"
#include "hullmark/benchmark.h"
#include "hullmark/report.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using testing::Add;
using testing::Everything;
using testing::MakeWorld;
using testing::World;

std::string Text(const World& world) { return testing::Write(world, WriteCisReport); }

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view kEverything = R"(web-1 (Linux 6.1.0-18-amd64) at 2026-01-02 03:04:05 UTC
8 containers; benchmark hullmark 1.0.0

LIMITED VIEW: what cannot be seen from here counts as unknown
  - /proc hides the processes of others: mount it with hidepid=0

CIS Docker items

1 The host
  1.1.1   MANUAL  Own partition for containers
                  A matter of the installation.
  1.2.1   FAIL    A hardened host
                  HST-001, HST-010: the host

5 Running containers
  5.4     FAIL    Few capabilities
                  CAP-001, CAP-008: privileged, web-1, web-2, web-3
  5.5     FAIL    Nothing privileged
                  RUN-001: privileged, kube-proxy
  5.11    PASS    Memory bounded
                  RES-001
  5.26    FAIL    No new privileges
                  PRV-001: privileged, web-1, web-2 and 2 more

6 items: 5 decided by controls of hullmark (1 PASS, 4 FAIL), 1 MANUAL: none of
them decides these, a person has to look.
The numbers are those of the CIS Docker Benchmark, the words and verdicts are
hullmark's: running processes are judged, not configuration files. This is no
certificate.
)";

TEST(CisReport, ListsTheItemsInOrder) { EXPECT_EQ(Text(Everything()), kEverything); }

TEST(CisReport, NobodyToJudgeIsNoPass) {
  const std::string text = Text(MakeWorld());
  EXPECT_TRUE(Has(text, "  5.5     N-A     Nothing privileged"));
  EXPECT_TRUE(Has(text, "  1.2.1   PASS    A hardened host"));
  EXPECT_TRUE(Has(text, "(4 N-A, 1 PASS)"));
}

TEST(CisReport, UnknownOutranksPassAndFailOutranksUnknown) {
  World world = MakeWorld();
  Add(world, {.name = "good"});
  Add(world, {.name = "dark", .unknown = {"RUN-001"}});
  EXPECT_TRUE(
      Has(Text(world), "  5.5     UNKNOWN Nothing privileged\n                  RUN-001: dark\n"));
  Add(world, {.name = "bad", .fails = {"RUN-001"}});
  EXPECT_TRUE(
      Has(Text(world), "  5.5     FAIL    Nothing privileged\n                  RUN-001: bad\n"));
}

// The item asks for more than its control sees.
TEST(CisReport, WhatOnlySpeaksAgainstAnItemNeverPassesIt) {
  World world = MakeWorld();
  CisItem& item = world.benchmark.cis_docker[3];
  item = {.item = "5.5", .subject = "No such exec", .against = {"RUN-001"}, .manual = "Ask."};
  constexpr std::string_view kManual = "  5.5     MANUAL  No such exec\n                  Ask.\n";
  EXPECT_TRUE(Has(Text(world), kManual));
  Add(world, {.name = "good"});
  EXPECT_TRUE(Has(Text(world), kManual));
  Add(world, {.name = "dark", .unknown = {"RUN-001"}});
  EXPECT_TRUE(Has(Text(world), kManual));
  Add(world, {.name = "bad", .fails = {"RUN-001"}});
  EXPECT_TRUE(Has(Text(world), "  5.5     FAIL    No such exec\n                  RUN-001: bad\n"));
}

// Two security modules: what the one does is no pass for the other's item.
TEST(CisReport, WhatSpeaksAgainstAnItemLeavesItsControlsToDecide) {
  World world = MakeWorld();
  world.benchmark.cis_docker[3].against = {"HST-010"};
  EXPECT_TRUE(
      Has(Text(world), "  5.5     N-A     Nothing privileged\n                  RUN-001\n"));
  Add(world, {.name = "good"});
  EXPECT_TRUE(
      Has(Text(world), "  5.5     PASS    Nothing privileged\n                  RUN-001\n"));
  testing::FailHost(world, "HST-010");
  EXPECT_TRUE(
      Has(Text(world),
          "  5.5     FAIL    Nothing privileged\n                  RUN-001, HST-010: the host\n"));
}

TEST(CisReport, AWaiverIsNoPass) {
  World world = MakeWorld();
  Add(world, {.name = "excused"});
  testing::SetStatus(world, world.report.containers[0].findings, "PRV-001", Status::kWaived);
  EXPECT_TRUE(Has(Text(world), "  5.26    WAIVED  No new privileges"));
}

TEST(CisReport, AControlThatIsOffProvesNoPass) {
  World world = MakeWorld();
  Add(world, {.name = "good"});
  for (Control& control : world.benchmark.controls) {
    if (control.id == "CAP-008") control.disabled = "elsewhere";
  }
  EXPECT_TRUE(Has(Text(world),
                  "  5.4     MANUAL  Few capabilities\n"
                  "                  switched off by the site's overrides: CAP-008\n"));
  Add(world, {.name = "bad", .fails = {"CAP-001"}});
  EXPECT_TRUE(Has(Text(world), "  5.4     FAIL    Few capabilities"));
}

}  // namespace
}  // namespace hullmark
