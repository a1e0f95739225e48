// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/replay/report_json.h"
#include "hullmark/check.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kReport = R"({"schema": "hullmark.report/1",
"taken_at": "2026-11-22T04:11:20.857Z",
"benchmark": {"id": "hullmark", "version": "1.0.0", "sha256": "00", "title": "not read"},
"options": {"select": ["web*"], "class": ["container", "vm"]},
"vantage": {"problems": []},
"controls": {"CAP-001": {"title": "No SYS_ADMIN"}, "HST-001": {"title": "Closed", "added": 1}},
"host": {"name": "node", "boot_id": "b", "score": 87.1, "exposure": 10, "grade": "B",
 "findings": [{"id": "HST-001", "status": "pass"}]},
"containers": [{"id": "1", "name": "web", "runtime": "docker", "class": "container",
 "claims": {"source": "/x", "trust": "user"}, "image": "web:1",
 "kubernetes": {"namespace": "shop", "pod": "web-0", "pod_uid": "u", "container": "app"},
 "compose": {"project": "p", "service": "s"}, "cgroup": {"path": "/docker/1", "id": 7},
 "score": 17.7, "exposure": 125.125, "grade": null,
 "findings": [{"id": "CAP-001", "status": "fail", "severity": "critical", "points": 125.0,
  "evidence": [{"source": "/proc/1/status", "fact": "CapEff\nmore"}, {"fact": "second"}]}]}]})";

// The message for the report with the first `from` made `to`.
std::string Refusal(std::string_view from, std::string_view to) {
  std::string text(kReport);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  const auto read = ReadReport(text.replace(at, from.size(), to));
  EXPECT_FALSE(read) << from << " -> " << to;
  return read ? "" : read.error().message;
}

TEST(ReadReportTest, WhatIsComparedIsRead) {
  const auto read = ReadReport(kReport);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->taken_at, "2026-11-22T04:11:20.857Z");
  EXPECT_EQ(read->benchmark_version, "1.0.0");
  EXPECT_EQ(read->select, std::vector<std::string>{"web*"});
  EXPECT_EQ(read->classes, (std::vector{ContainerClass::kContainer, ContainerClass::kVm}));
  EXPECT_FALSE(read->limited);
  EXPECT_EQ(read->host, "node");
  EXPECT_EQ(read->machine.exposure, 10'000);
  EXPECT_EQ(read->machine.grade, Grade::kB);
  EXPECT_EQ(read->machine.findings[0].control, 1);
  ASSERT_EQ(read->containers.size(), 1);
  const PostureContainer& web = read->containers[0];
  EXPECT_TRUE(web.claimed && web.claimed_by_user);
  EXPECT_EQ(web.pod + web.pod_container + web.service + web.cgroup, "web-0apps/docker/1");
  EXPECT_EQ(web.subject.exposure, 125'125);
  EXPECT_EQ(web.subject.score, 17.7);
  EXPECT_EQ(web.subject.grade, std::nullopt);
  ASSERT_EQ(web.subject.findings.size(), 1);
  EXPECT_EQ(web.subject.findings[0].severity, Severity::kCritical);
  EXPECT_EQ(web.subject.findings[0].proof, "CapEff");
}

TEST(ReadReportTest, OtherDocumentsAreNamed) {
  EXPECT_NE(Refusal("report/1", "report/2").find("/schema: is \"hullmark.report/2\""),
            std::string::npos);
  EXPECT_EQ(Refusal("hullmark.report/1", "trivy"),
            "/schema: this is no report of hullmark (audit --format json)");
  EXPECT_NE(ReadReport("[]").error().message.find("/schema"), std::string::npos);
  EXPECT_NE(ReadReport("{\"a\": ").error().message.find("no JSON from here on"), std::string::npos);
  EXPECT_FALSE(ReadReport(""));
}

TEST(ReadReportTest, AFaultIsToldWithItsPlace) {
  EXPECT_EQ(Refusal("\"taken_at\"", "\"taken\""), "the document: member \"taken_at\" is missing");
  EXPECT_EQ(Refusal("2026-11-22T04", "2026-11-22 04"),
            "/taken_at: is no time like 2026-01-31T08:15:00.000Z");
  EXPECT_EQ(Refusal("87.1", "\"high\""), "/host/score: is not a number that is not negative");
  EXPECT_EQ(Refusal("87.1", "100.5"), "/host/score: is out of range");
  EXPECT_EQ(Refusal("87.1", "1e400").substr(0, 5), "byte ");
  EXPECT_EQ(Refusal("125.125", "1e300"), "/containers/0/exposure: is out of range");
  EXPECT_EQ(Refusal("\"B\"", "\"E\""), "/host/grade: \"E\" is not a name known here");
  EXPECT_EQ(Refusal("\"id\": \"HST-001\"", "\"id\": \"X\\u001b\""),
            "/host/findings/0/id: \"X\\x1b\" is not of /controls");
  EXPECT_EQ(Refusal("\"status\": \"fail\", \"severity\": \"critical\"", "\"status\": \"fail\""),
            "/containers/0/findings/0: member \"severity\" is missing");
  EXPECT_EQ(Refusal("{\"id\": \"HST-001\", \"status\": \"pass\"}",
                    "{\"id\": \"HST-001\", \"status\": \"pass\"}, {\"id\": \"HST-001\", "
                    "\"status\": \"fail\", "
                    "\"severity\": \"low\", \"evidence\": []}"),
            "/host/findings/1: its control stands here twice");
  EXPECT_EQ(Refusal("\"trust\": \"user\"", "\"trust\": \"me\""),
            "/containers/0/claims/trust: \"me\" is not a name known here");
  EXPECT_EQ(Refusal("\"containers\": [", "\"containers\": [7, "),
            "/containers/0: is not an object");
}

TEST(ReadReportTest, WhatALaterProgramAddsIsPassedOver) {
  std::string text(kReport);
  text.replace(text.find("\"host\": {"), 9, R"("later": {"x": [1.5]}, "host": {"more": null, )");
  EXPECT_TRUE(ReadReport(text));
}

TEST(ReadReportTest, TheSchemaStandsFirst) {
  EXPECT_EQ(SchemaOf(kReport), "hullmark.report/1");
  EXPECT_EQ(SchemaOf(" {\n \"schema\" : \"x\""), "x");
  for (const std::string_view none :
       {"", "{", "[\"schema\"]", R"({"a":1,"schema":"x"})", R"({"schema":"x)"}) {
    EXPECT_EQ(SchemaOf(none), "") << none;
  }
}

}  // namespace
}  // namespace hullmark
