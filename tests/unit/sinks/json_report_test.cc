// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/sinks/report_sinks.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "tests/unit/sinks/world.h"

namespace hullmark {
namespace {

using Json = nlohmann::ordered_json;
using testing::Add;
using testing::Everything;
using testing::MakeWorld;
using testing::World;

Json Report(const World& world) { return Json::parse(testing::Write(world, WriteJsonReport)); }

const Json& ContainerNamed(const Json& report, std::string_view name) {
  for (const Json& container : report["containers"]) {
    if (container["name"] == name) return container;
  }
  throw std::out_of_range(std::string(name));
}

TEST(JsonReport, SaysWhatWasLookedAtAndHow) {
  const Json report = Report(Everything());
  EXPECT_EQ(report["schema"], "hullmark.report/1");
  EXPECT_EQ(report["taken_at"], "2026-01-02T03:04:05.006Z");
  EXPECT_EQ(report["tool"], Json::parse(R"({"name":"hullmark","version":"0.1.0"})"));
  EXPECT_EQ(report["options"]["class"], Json::parse(R"(["container","vm"])"));
  EXPECT_EQ(report["vantage"]["capabilities"],
            Json::parse(R"(["CAP_DAC_READ_SEARCH","CAP_SYS_PTRACE"])"));
  EXPECT_EQ(report["vantage"]["problems"][0]["id"], "hidepid");
  EXPECT_EQ(report["controls"].size(), 10U);
  EXPECT_EQ(report["controls"]["CAP-001"]["scope"], "process");
  EXPECT_EQ(report["host"]["cgroup"], "v2");
}

TEST(JsonReport, SaysWhomTheSiteSelects) {
  World world = Everything();
  EXPECT_FALSE(Report(world)["options"].contains("site_select"));
  world.options.site = {.name = {Glob("web-*"), Glob("db")},
                        .labels = {{"tier", Glob("front*")}},
                        .uid = Uid{1000},
                        .except = std::make_shared<Selector>(Selector{.name_space = {Glob("t")}})};
  EXPECT_EQ(Report(world)["options"]["site_select"],
            Json::parse(R"({"name":["web-*","db"],"label":{"tier":"front*"},"uid":1000,
                            "not":{"namespace":["t"]}})"));
}

TEST(JsonReport, SaysWhatTheSiteHasChangedAndAccepted) {
  const Json report = Report(Everything());
  EXPECT_EQ(report["overrides"],
            Json::parse(R"([{"control":"RES-001","what":"weight","from":"5","to":"6",
                             "reason":"memory is short here","source":"overrides.yaml:3"},
                            {"what":"unknown","from":"1.0","to":"0.5",
                             "source":"overrides.yaml:1"}])"));
  ASSERT_EQ(report["waivers"].size(), 4U);
  EXPECT_EQ(report["waivers"][0],
            Json::parse(R"({"control":"PRV-001","reason":"until the rewrite","owner":"team-web",
                            "expires":"2026-01-01T00:00:00.000Z","ticket":"WEB-12",
                            "source":"waivers.yaml:2","state":"active","findings":1})"));
  EXPECT_EQ(report["waivers"][3]["state"], "unused");
  const Json excused = ContainerNamed(report, "hardened");
  for (const Json& finding : excused["findings"]) {
    EXPECT_EQ(finding.contains("waiver"), finding["status"] == "waived") << finding;
    if (finding["status"] != "waived") continue;
    EXPECT_EQ(finding["waiver"]["source"], "waivers.yaml:2");
    EXPECT_FALSE(finding["evidence"].empty());
  }
}

TEST(JsonReport, ListsEveryControlOfTheScope) {
  const Json report = Report(Everything());
  EXPECT_EQ(report["host"]["findings"].size(), 2U);
  for (const Json& container : report["containers"]) EXPECT_EQ(container["findings"].size(), 8U);
}

TEST(JsonReport, APlainPassIsItsIdAndStatusAlone) {
  const Json report = Report(Everything());
  const Json& findings = ContainerNamed(report, "hardened")["findings"];
  EXPECT_EQ(findings[0].dump(), R"({"id":"CAP-001","status":"pass"})");
  EXPECT_EQ(findings[1]["note"], "own user namespace");
  EXPECT_EQ(findings[4].dump(), R"({"id":"RES-001","status":"not_applicable"})");
}

TEST(JsonReport, AFailHasItsPriceAndProof) {
  const Json report = Report(Everything());
  EXPECT_EQ(ContainerNamed(report, "web-1")["findings"][2].dump(),
            R"({"id":"PRV-001","status":"fail","severity":"medium","points":6.0,"offenders":3,)"
            R"("evidence":[{"pid":4242,"source":"/proc/4242/status",)"
            R"("fact":"PRV-001 is not as wanted"}]})");
}

TEST(JsonReport, AnUnknownHasItsErrno) {
  const Json report = Report(Everything());
  const Json& finding = ContainerNamed(report, "dark")["findings"][0];
  EXPECT_EQ(finding["status"], "unknown");
  EXPECT_EQ(finding["evidence"][0]["tid"], 4243);
  EXPECT_EQ(finding["evidence"][0]["errno"], EACCES);
}

TEST(JsonReport, PrintsTheScoreOfTheExposure) {
  const Json report = Report(Everything());
  const Json& web = ContainerNamed(report, "web-1");
  EXPECT_EQ(web["exposure"], 10.0);
  EXPECT_EQ(web["score"], 87.1);
  EXPECT_EQ(web["grade"], "B");
  const Json& dark = ContainerNamed(report, "dark");
  EXPECT_TRUE(dark["grade"].is_null());
  EXPECT_EQ(dark["provisional"], true);
  EXPECT_EQ(dark["score_ceiling"], 100.0);
  EXPECT_EQ(dark["coverage"], 0.3483);
  const Json& hardened = ContainerNamed(report, "hardened");
  EXPECT_EQ(hardened["score"], 100.0);
  EXPECT_EQ(hardened["score_raw"], 92.0);
}

TEST(JsonReport, KeepsThousandthsOfAPoint) {
  World world = MakeWorld();
  Add(world, {.name = "web", .fails = {"PRV-001"}});
  world.report.containers[0].findings[2].points = 4'333;
  world.report.containers[0].score.exposure = 4'333;
  const std::string text = testing::Write(world, WriteJsonReport);
  EXPECT_NE(text.find(R"("points":4.333,)"), std::string::npos);
  EXPECT_NE(text.find(R"("exposure":4.333,)"), std::string::npos);
}

TEST(JsonReport, TellsUnlimitedFromUnknown) {
  const Json report = Report(Everything());
  const Json& limits = ContainerNamed(report, "web-1")["limits"];
  EXPECT_EQ(limits["memory"]["value"], 512 << 20);
  EXPECT_EQ(limits["cpu_quota"]["value"], 1.5);
  EXPECT_EQ(limits["pids"].dump(), R"({"value":null,"source":null})");
  EXPECT_EQ(limits["swap"]["error"], "permission denied");
  EXPECT_EQ(limits["swap"]["errno"], EACCES);
  EXPECT_EQ(ContainerNamed(report, "dark")["limits"]["io"]["value"].dump(),
            R"([{"device":"8:0","rbps":1048576,"wbps":null,"riops":100,"wiops":null}])");
}

TEST(JsonReport, WhatIsNotKnownOfAContainerIsNull) {
  const Json report = Report(Everything());
  const Json& dark = ContainerNamed(report, "dark");
  for (const char* member : {"claims", "image", "kubernetes", "cgroup", "init_pid", "started_at"}) {
    EXPECT_TRUE(dark[member].is_null()) << member;
  }
  EXPECT_EQ(dark["compose"]["project"], "shop");
  EXPECT_EQ(dark["notes"].size(), 1U);
}

TEST(JsonReport, SummarisesWithAZeroForWhatDoesNotOccur) {
  const Json summary = Report(Everything())["summary"];
  EXPECT_EQ(summary["containers"], 8);
  EXPECT_EQ(summary["by_class"]["vm"], 1);
  EXPECT_EQ(summary["by_class"]["pause"], 0);
  EXPECT_EQ(summary["by_grade"]["none"], 1);
  EXPECT_EQ(summary["worst"]["name"], "privileged");
  EXPECT_TRUE(Report(MakeWorld())["summary"]["worst"].is_null());
}

TEST(JsonReport, OnlyTimeAndToolMayDiffer) {
  World world = Everything();
  const std::string first = testing::Write(world, WriteJsonReport);
  EXPECT_EQ(first, testing::Write(Everything(), WriteJsonReport));
  world.options.generated_at = Timestamp{0};
  world.options.tool_version = "9.9.9";
  world.options.command = "/opt/bin/hullmark";
  world.options.verbose = true;
  Json second = Report(world);
  Json expected = Json::parse(first);
  EXPECT_NE(second, expected);
  for (Json* each : {&second, &expected}) {
    each->erase("generated_at");
    each->erase("tool");
  }
  EXPECT_EQ(second, expected);
}

TEST(JsonReport, HostileTextStaysText) {
  const World world = testing::Hostile();
  const std::string text = testing::Write(world, WriteJsonReport);
  EXPECT_TRUE(std::ranges::none_of(text.substr(0, text.size() - 1), [](char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
  }));
  const Json report = Json::parse(text);  // Throws on invalid UTF-8.
  EXPECT_EQ(report["containers"][0]["name"], "\033[2J\033[31mred\a");
  EXPECT_EQ(report["containers"][2]["name"], "\\xff\\xfe not utf-8 \\xc3(");
  EXPECT_EQ(report["containers"][5]["name"].get<std::string>().size(), 10'000U);
}

}  // namespace
}  // namespace hullmark
