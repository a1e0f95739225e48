// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/config/units.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

// check-config over files of the test's own, on 2026-11-22.
class CheckConfigTest : public testing::Test {
 protected:
  Exit Check(const std::vector<std::string>& options) {
    std::vector<const char*> all = {"hullmark"};
    for (const std::string& option : options) all.push_back(option.c_str());
    all.push_back("check-config");
    const Wiring wiring{.roots = {},
                        .config = tree_.Path("absent"),
                        .now = [] { return ParseTime("2026-11-22T00:00:00Z").value(); },
                        .version = "1.2.3"};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Exit exit = hullmark::Run(static_cast<int>(all.size()), all.data(), wiring);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return exit;
  }

  std::string File(const char* name, std::string_view text) {
    tree_.Write(name, text);
    return tree_.Path(name);
  }

  // Whether the page says so, wherever its lines end.
  bool Says(std::string_view words) const {
    std::istringstream page(out_);
    std::string text;
    for (std::string word; page >> word;) text += (text.empty() ? "" : " ") + word;
    return text.find(words) != std::string::npos;
  }

  TempTree tree_;
  std::string out_, err_;
};

TEST_F(CheckConfigTest, WithoutFilesItTellsTheBenchmark) {
  EXPECT_EQ(Check({}), Exit::kDone);
  EXPECT_TRUE(out_.starts_with("compiled in: benchmark "));
  EXPECT_TRUE(Says("Every 50 points of exposure halve the score. Grades: A up to 7 points, B 20,"));
  EXPECT_TRUE(Says("What could not be read costs 100.0 % of a violation"));
  EXPECT_FALSE(Says("waiver"));
  EXPECT_EQ(err_, "");
}

TEST_F(CheckConfigTest, TellsTheConfiguration) {
  const auto config = File("c.yaml",
                           "select: {name: [web-*, db, api], label: {tier: front}, uid: 7,\n"
                           "         not: {class: vm}}\n"
                           "infrastructure: {}\n"
                           "classes: [container]\n"
                           "listen: []\n"
                           "scan: {interval: 1500ms}\n"
                           "metrics: {violations: false, max_series: 1000}\n"
                           "events: {file: ''}\n");
  EXPECT_EQ(Check({"--config", config}), Exit::kDone) << err_;
  EXPECT_TRUE(
      Says("Judged are containers with name web-*, db or api, label tier front, uid 7, "
           "not (class vm) of class container."));
  EXPECT_TRUE(Says("Infrastructure: none."));
  EXPECT_TRUE(Says("The agent looks every 1.500 s and listens on no address."));
  EXPECT_TRUE(Says("Metrics: at most 1000 series, no violations."));
  EXPECT_TRUE(Says("Events: no file."));
}

TEST_F(CheckConfigTest, TellsWhatOverridesChange) {
  const auto overrides = File("o.yaml",
                              "scoring: {unknown: 0.5}\n"
                              "controls:\n"
                              "  - {id: FS-009, disabled: true, reason: elsewhere}\n"
                              "  - {id: PRV-001, weight: 7}\n");
  EXPECT_EQ(Check({"--overrides", overrides}), Exit::kDone) << err_;
  EXPECT_TRUE(Says("o.yaml: 3 changes to the benchmark"));
  EXPECT_TRUE(Says("FS-009 is switched off: elsewhere. It is reported as manual"));
  EXPECT_TRUE(Says("PRV-001: weight goes from "));
  EXPECT_TRUE(Says("What could not be read costs 0.5 of a violation instead of 1.0."));
}

class CheckWaiversTest : public CheckConfigTest {
 protected:
  Exit CheckWaiver(const std::string& control, const std::string& expires,
                   const std::string& more = "") {
    return Check({"--waivers", File("w.yaml", "waivers: [{control: '" + control +
                                                  "', select: {}, reason: because, owner: us, "
                                                  "expires: " +
                                                  expires + more + "}]")});
  }
};

TEST_F(CheckWaiversTest, AreToldInWords) {
  EXPECT_EQ(CheckWaiver("PRV-001", "2027-12-31", ", ticket: T-1"), Exit::kDone) << err_;
  EXPECT_TRUE(Says("w.yaml: 1 waiver "));
  EXPECT_TRUE(
      Says("PRV-001 (1 control) is accepted of every container and the host until "
           "2027-12-31: because [T-1]. Owner: us"));
  EXPECT_FALSE(Says("WARNING"));
}

TEST_F(CheckWaiversTest, ThatNeedSomebodyAreToldApart) {
  CheckWaiver("PRV-001", "2026-11-21");
  EXPECT_TRUE(Says("WARNING: it has expired: it covers nothing."));
  CheckWaiver("PRV-001", "2026-12-05");
  EXPECT_TRUE(Says("WARNING: it expires within 14 days.")) << out_;
  CheckWaiver("PRV-001", "2026-12-06");
  EXPECT_FALSE(Says("WARNING"));
  CheckWaiver("XYZ-*", "2027-12-31");
  EXPECT_TRUE(Says("WARNING: no control that is judged is called XYZ-*: it covers nothing."));
  CheckWaiver("RUN-001", "2027-12-31");
  EXPECT_TRUE(Says("WARNING: it does not cover 1 critical control: allow_critical is not given."));
  CheckWaiver("RUN-001", "2027-12-31", ", allow_critical: true");
  EXPECT_FALSE(Says("WARNING"));
}

TEST_F(CheckConfigTest, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_EQ(Check({"--waivers", File("w.yaml", "waivers: []\nmore: 1\n")}), Exit::kUsage);
  EXPECT_NE(err_.find("w.yaml:2: unknown key 'more'"), std::string::npos) << err_;
  EXPECT_EQ(Check({"--overrides", File("o.yaml", "controls: [{id: NO-001, weight: 1}]")}),
            Exit::kUsage);
  EXPECT_NE(err_.find("o.yaml:1: "), std::string::npos) << err_;
  EXPECT_EQ(Check({"--config", File("c.yaml", "frobnicate: 1")}), Exit::kUsage);
  EXPECT_NE(err_.find("c.yaml:1: unknown key 'frobnicate'"), std::string::npos) << err_;
  EXPECT_EQ(out_, "") << "a page is complete or absent";
}

TEST_F(CheckConfigTest, AFileThatOthersMayWriteDecidesNothing) {
  const auto waivers = File("w.yaml", "waivers: []");
  ASSERT_EQ(chmod(waivers.c_str(), 0666), 0);
  EXPECT_EQ(Check({"--waivers", waivers}), Exit::kUsage);
  EXPECT_NE(err_.find("w.yaml"), std::string::npos) << err_;
  ASSERT_EQ(chmod(waivers.c_str(), 0644), 0);
  EXPECT_EQ(Check({"--waivers", waivers}), Exit::kDone) << err_;
}

TEST_F(CheckConfigTest, TellsWhatHooksDoAndNoSecret) {
  const std::string token = File("token", "T0KEN\n");
  chmod(token.c_str(), 0600);
  const std::string program = File("program", "#!/bin/sh\n");
  chmod(program.c_str(), 0755);
  const std::string config =
      File("c",
           "hooks:\n"
           "  - {name: pager, severity: high, control: 'CAP-*', select: {namespace: prod},\n"
           "     webhook: {url: 'http://127.0.0.1:9093', format: alertmanager, token_file: " +
               token +
               "}}\n"
               "  - {name: chat, webhook: {url: 'http://chat.example/in'}}\n"
               "  - {name: fix, events: [], command: {path: " +
               program + ", args: [now]}}\n");
  ASSERT_EQ(Check({"--config", config}), Exit::kDone) << err_;
  EXPECT_TRUE(Says("3 hooks"));
  EXPECT_TRUE(
      Says("pager is told of violation_appeared, violation_resolved, violation_changed "
           "from high up of CAP-*, of containers with namespace prod: alerts are posted to "
           "http://127.0.0.1:9093/api/v2/alerts, with the token of " +
           token + "; each attempt takes 10 s at most."));
  EXPECT_TRUE(
      Says("chat is told of violation_appeared, violation_resolved, violation_changed, of "
           "every container and the host: CloudEvents are posted to "
           "http://chat.example:80/in; each attempt takes 10 s at most. WARNING: what it "
           "is told can be read and changed on the way: use https."));
  EXPECT_TRUE(Says("fix is called by name only: user hullmark runs " + program +
                   " 'now', for 30 s at most, with 10 s of CPU time."));
  EXPECT_EQ(out_.find("T0KEN"), std::string::npos);
  chmod(token.c_str(), 0640);
  EXPECT_EQ(Check({"--config", config}), Exit::kUsage);
  EXPECT_NE(err_.find("token: not trusted"), std::string::npos);
  EXPECT_EQ(err_.find("T0KEN"), std::string::npos);
}

TEST_F(CheckConfigTest, TellsWhatAPolicyWillDo) {
  const std::string file =
      File("p.yaml",
           "classes: [container]\n"
           "enforce:\n"
           "  mode: dry_run\n"
           "  rules:\n"
           "    - name: escapers\n"
           "      when: {control: [FS-001, CAP-001], severity: critical, for: 30s}\n"
           "      select: {namespace: prod-*}\n"
           "      do: [{throttle: {cpu: 10%, pids: current+8}, ttl: 30m}, {kill: {grace: 5s}}]\n");
  EXPECT_EQ(Check({"--config", file}), Exit::kDone) << err_;
  EXPECT_TRUE(Says("Enforcement is dry_run: nothing is done, it is said what would be."));
  EXPECT_TRUE(Says("In 600 s at most 3 actions, to 5.0 % of the containers (one at least)."));
  EXPECT_TRUE(Says(
      "when containers with namespace prod-* of class container fail CAP-001, FS-001, "
      "from severity critical up, for 30 s without a break: 1. its cgroup is limited "
      "to 10 % of a CPU, 8 tasks more than it has, for 1800 s or until the next step; "
      "after 60 s more: 2. its init gets SIGTERM, and after 5 s all in its cgroup get SIGKILL."))
      << out_;
  EXPECT_TRUE(Says("nothing is ever done to: - pid 1, kernel threads, hullmark itself"));
  EXPECT_TRUE(Says("- class pause."));
}

TEST_F(CheckConfigTest, TellsWhatDoesNotWaitForALook) {
  const auto rule = [&](const char* when) {
    return File("p.yaml",
                std::string("enforce:\n"
                            "  mode: enforce\n"
                            "  rules:\n"
                            "    - name: r\n"
                            "      when: {control: RUN-004") +
                    when +
                    "}\n      select: {name: x}\n      do: [{kill_process: {signal: KILL}}]\n");
  };
  const std::string_view kAtOnce =
      "1. it gets SIGKILL (as it executes, where the watcher has the kernel's events;";
  EXPECT_EQ(Check({"--config", rule("")}), Exit::kDone) << err_;
  EXPECT_TRUE(Says(kAtOnce)) << out_;
  EXPECT_EQ(Check({"--config", rule(", for: 1s")}), Exit::kDone) << err_;
  EXPECT_FALSE(Says(kAtOnce)) << out_;
}

TEST_F(CheckConfigTest, RefusesAPolicyThatDoesNotFitTheBenchmark) {
  const std::string file =
      File("p.yaml",
           "enforce:\n  rules:\n"
           "    - {name: r, mode: off, when: {control: CAP-006}, do: [{kill: {}}]}\n");
  EXPECT_EQ(Check({"--config", file}), Exit::kUsage);
  EXPECT_TRUE(
      err_.ends_with("p.yaml:3: rule 'r': CAP-006 is never reason enough to freeze or kill\n"))
      << err_;
}

}  // namespace
}  // namespace hullmark
