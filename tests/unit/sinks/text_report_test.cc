// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/encode/text.h"
#include "agent/sinks/report_sinks.h"
#include "hullmark/glob.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using testing::Add;
using testing::ContainerSpec;
using testing::Everything;
using testing::FiftyContainers;
using testing::Hostile;
using testing::Lines;
using testing::MakeWorld;
using testing::World;

std::string Text(const World& world) { return testing::Write(world, WriteTextReport); }

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string FirstScreen(const World& world) {
  const std::string text = Text(world);
  return text.substr(0, text.find("\nDETAILS"));
}

std::string Details(const World& world) {
  const std::string text = Text(world);
  return text.substr(text.find("\nDETAILS"));
}

std::size_t LongestWord(const std::string& line) {
  std::istringstream words(line);
  std::size_t longest = 0;
  for (std::string word; words >> word;) longest = std::max(longest, Columns(word));
  return longest;
}

// Lines that are too wide although they could have been broken.
std::vector<std::string> TooWide(const std::vector<std::string>& lines, std::size_t columns) {
  constexpr std::size_t kDeepestIndent = 24;
  std::vector<std::string> wide;
  for (const std::string& line : lines) {
    const bool unbreakable = LongestWord(line) + kDeepestIndent > columns;
    if (Columns(line) > columns && !unbreakable) wide.push_back(line);
  }
  return wide;
}

TEST(TextReport, AnswersOnOneScreen) {
  EXPECT_LE(Lines(FirstScreen(FiftyContainers())).size(), 40U);
  EXPECT_LE(Lines(FirstScreen(Everything())).size(), 40U);
  EXPECT_LE(Lines(FirstScreen(Hostile())).size(), 40U);
}

TEST(TextReport, FitsTheTerminal) {
  using Worlds = std::vector<World (*)()>;
  for (const auto& make : Worlds{Everything, FiftyContainers, Hostile, MakeWorld}) {
    for (const int columns : {60, 80, 132}) {
      World world = make();
      world.options.columns = columns;
      EXPECT_EQ(TooWide(Lines(Text(world)), static_cast<std::size_t>(columns)),
                std::vector<std::string>());
    }
  }
}

TEST(TextReport, BeginsWithTheWorst) {
  const std::string screen = FirstScreen(Everything());
  EXPECT_TRUE(Has(screen, "web-1 (Linux 6.1.0-18-amd64) at 2026-01-02 03:04:05 UTC\n8 containers"));
  EXPECT_TRUE(Has(screen, "LIMITED VIEW"));
  EXPECT_TRUE(Has(screen, "  F   1.9  privileged           docker     RUN-001 Container is not"));
  EXPECT_FALSE(Has(screen, "web-2"));
}

TEST(TextReport, FoldsUnlessEverythingIsAskedFor) {
  World world = FiftyContainers();
  EXPECT_TRUE(Has(FirstScreen(world), "more (--verbose)"));
  world.options.verbose = true;
  const std::string screen = FirstScreen(world);
  EXPECT_FALSE(Has(screen, "(--verbose)"));
  const auto lines = Lines(screen);
  EXPECT_EQ(std::ranges::count_if(lines,
                                  [](const std::string& line) { return line.starts_with("  F "); }),
            20);
}

TEST(TextReport, NamesTheChangeThatMendsMost) {
  World world = MakeWorld();
  for (int i = 0; i < 31; ++i) Add(world, {.name = "a" + std::to_string(i), .fails = {"PRV-001"}});
  Add(world, {.name = "b", .fails = {"SCP-001"}});
  const std::string screen = FirstScreen(world);
  const auto most = screen.find("31 containers, -6 points each; docker: Run with --security-opt");
  const auto less = screen.find("1 container, -25 points; docker: Remove");
  ASSERT_NE(most, std::string::npos);
  ASSERT_NE(less, std::string::npos);
  EXPECT_LT(most, less);
}

TEST(TextReport, OnlyRootsClaimMakesInfrastructure) {
  World world = MakeWorld();
  Add(world, {.name = "proxy", .fails = {"RUN-001"}, .name_space = "kube-system"});
  EXPECT_TRUE(Has(FirstScreen(world), "INFRASTRUCTURE  1 container: F 1; pod-1/proxy"));
  EXPECT_FALSE(Has(FirstScreen(world), "NEEDS ATTENTION"));
  Add(world,
      {.name = "liar", .fails = {"RUN-001"}, .name_space = "kube-system", .trust = Trust::kUser});
  EXPECT_TRUE(Has(FirstScreen(world), "  F  17.7  pod-1/liar"));
}

TEST(TextReport, TheSiteSaysWhatItsInfrastructureIs) {
  World world = MakeWorld();
  Add(world, {.name = "mesh", .fails = {"RUN-001"}, .name_space = "mesh"});
  EXPECT_FALSE(Has(FirstScreen(world), "INFRASTRUCTURE"));
  world.options.infrastructure.name_space = {Glob("{mesh,ingress}")};
  EXPECT_TRUE(Has(FirstScreen(world), "INFRASTRUCTURE  1 container"));
  world.options.infrastructure = {};
  EXPECT_FALSE(Has(FirstScreen(world), "INFRASTRUCTURE")) << "nobody, not everybody";
}

TEST(TextReport, NamesTheWaiversThatSomebodyHasToLookAt) {
  const std::string screen = FirstScreen(Everything());
  EXPECT_TRUE(Has(screen,
                  "WAIVERS         1 finding waived by 4 waivers, 1 expiring, 1 expired, 1 unused\n"
                  "                expired 2025-12-31: 2 findings of CAP-* no longer accepted;\n"
                  "                team-web (waivers.yaml:8)\n"
                  "                expires 2025-12-31: 1 finding of SCP-001; team-web\n"
                  "                (waivers.yaml:14)\n"
                  "                unused: no finding of NS-001 that it may cover; team-web\n"
                  "                (waivers.yaml:20)\n"))
      << screen;
  EXPECT_TRUE(Has(screen,
                  "OVERRIDES       RES-001 weight 5 -> 6 (memory is short here)\n"
                  "                scoring unknown 1.0 -> 0.5\n"))
      << screen;
  const World world = MakeWorld();
  EXPECT_FALSE(Has(Text(world), "WAIVERS"));
  EXPECT_FALSE(Has(Text(world), "OVERRIDES"));
}

TEST(TextReport, AWaivedFindingHasItsOwnLineAndProof) {
  const std::string details = Details(Everything());
  const std::size_t waived = details.find("  waived      6 PRV-001");
  ASSERT_NE(waived, std::string::npos) << details;
  EXPECT_TRUE(Has(details.substr(waived, 300),
                  "waived until 2025-12-31 by team-web: until the rewrite\n"
                  "                        [WEB-12]\n"))
      << details.substr(waived, 300);
  EXPECT_TRUE(Has(details, ", 1 waived"));
  EXPECT_TRUE(Has(details, " without waivers"));
}

TEST(TextReport, WhoIsBadAtBestNeedsAttentionEvenWithoutAGrade) {
  World world = MakeWorld();
  Add(world, {.name = "murky", .fails = {"SCP-001"}, .unknown = {"CAP-001", "FS-001", "RUN-001"}});
  EXPECT_FALSE(Has(FirstScreen(world), "  -   0.4  murky"));
  world.report.containers[0].score.exposure_known = 60'000;
  EXPECT_TRUE(Has(FirstScreen(world), "  -   0.4  murky"));
}

TEST(TextReport, GroupsWhatReadsTheSame) {
  World world = Everything();
  EXPECT_TRUE(Has(Details(world), "B  87.1  3 containers: web-1, web-2, web-3 (docker, "));
  world.snapshot.containers[2].limits.memory.value = Limit{1 << 30};
  EXPECT_TRUE(Has(Details(world), "B  87.1  2 containers: web-1, web-3 (docker, "));
}

TEST(TextReport, FoldsWhatAPrivilegedContainerExplains) {
  const std::string details = Details(Everything());
  EXPECT_TRUE(Has(details, "explains 3 more violations: CAP-001 CAP-008 SCP-001"));
  EXPECT_FALSE(Has(details, "  critical  125 CAP-001"));
  EXPECT_TRUE(Has(details, "  unknown   125 CAP-001"));  // Of another container.
}

TEST(TextReport, GivesProofAndTheFixInTheWordsOfTheRuntime) {
  const std::string details = Details(Everything());
  EXPECT_TRUE(Has(details, "PRV-001 is not as wanted (/proc/4242/status, 3 tasks)"));
  EXPECT_TRUE(Has(details, "podman: Run with --security-opt no-new-privileges."));
  EXPECT_TRUE(Has(details, "host: sysctl -w kernel.kptr_restrict=1"));
  EXPECT_TRUE(Has(details, "permission denied (/proc/4242/task/4243/ns/mnt: EACCES,"));
  EXPECT_TRUE(Has(details, "[87.1->94.6]"));
  EXPECT_TRUE(Has(details, "accepted until the next release"));
}

TEST(TextReport, TellsWhatCostsNothingInOneLineUnlessVerbose) {
  World world = MakeWorld();
  Add(world, {.name = "web", .fails = {"PRV-001", "RES-006"}, .unknown = {"RES-001"}});
  for (Finding& finding : world.report.containers[0].findings) {
    if (finding.control >= 4) finding.points = 0;
  }
  EXPECT_TRUE(Has(Details(world), "  info        0         RES-001 (unknown), RES-006\n"));
  world.options.verbose = true;
  EXPECT_TRUE(Has(Details(world), "  medium      0 RES-006 Number of processes is limited\n"));
}

TEST(TextReport, ListsPassesOnlyWhenVerbose) {
  World world = Everything();
  EXPECT_FALSE(Has(Details(world), "  pass "));
  world.options.verbose = true;
  EXPECT_TRUE(Has(Details(world), "  pass          CAP-001 Process does not administer the host"));
  EXPECT_TRUE(Has(Details(world), "  n/a           RES-001"));
}

TEST(TextReport, GroupsTheUnknownByItsReason) {
  const std::string screen = FirstScreen(FiftyContainers());
  EXPECT_TRUE(Has(screen, "UNKNOWN         RES-001 in 17 containers: permission denied: run as"));
}

TEST(TextReport, NobodyIsSaidInWords) {
  World world = MakeWorld();
  EXPECT_TRUE(Has(FirstScreen(world), "No container was found."));
  world.snapshot.vantage.problems = {
      {.id = "x", .text = "own pid namespace", .remedy = "use the host's"}};
  EXPECT_TRUE(Has(FirstScreen(world), "which does not mean that none runs"));
  Add(world, {.name = "unselected"});
  world.report.containers.clear();
  EXPECT_TRUE(Has(FirstScreen(world), "0 containers judged, 1 of another class or not selected"));
  EXPECT_TRUE(Has(FirstScreen(world), "No container that was found is asked for."));
}

TEST(TextReport, SaysWhenTheLookWasPartial) {
  World world = MakeWorld();
  world.snapshot.counts.processes_truncated = true;
  world.snapshot.counts.unattributed = 7;
  const std::string screen = FirstScreen(world);
  EXPECT_TRUE(Has(screen, "There are more processes than are read"));
  EXPECT_TRUE(Has(screen, "belong nowhere for certain: 7."));
}

TEST(TextReport, NothingHostileReachesATerminal) {
  using testing::Writer;
  for (const Writer& writer : {Writer(WriteTextReport), Writer(WriteCisReport)}) {
    const std::string text = testing::Write(Hostile(), writer);
    for (const std::string& line : Lines(text)) {
      EXPECT_EQ(Printable(line), line);
      EXPECT_LE(line.size(), 1000U);
    }
  }
}

std::string WithoutColor(std::string text) {
  for (auto at = text.find('\033'); at != std::string::npos; at = text.find('\033')) {
    text.erase(at, text.find('m', at) - at + 1);
  }
  return text;
}

TEST(TextReport, ColorsOnlyWhenAsked) {
  World world = Hostile();
  const std::string plain = Text(world);
  EXPECT_FALSE(Has(plain, "\033"));
  world.options.color = true;
  const std::string colored = Text(world);
  EXPECT_TRUE(Has(colored, "\033[31m  F "));
  EXPECT_EQ(WithoutColor(colored), plain);
}

}  // namespace
}  // namespace hullmark
