// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/cli/command.h"
#include "hullmark/ids.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Arguments = std::vector<std::string>;

const std::string kSnapshot = HULLMARK_SOURCE "/tests/golden/cases/docker/snapshot.json";

class RunTest : public testing::Test {
 protected:
  Exit Ran(const Arguments& arguments) {
    std::vector<const char*> all = {"hullmark"};
    for (const auto& argument : arguments) all.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Wiring wiring{
        .roots = {}, .config = {}, .now = [] { return Timestamp{1}; }, .version = "1.2.3"};
    const Exit exit = hullmark::Run(static_cast<int>(all.size()), all.data(), wiring);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return exit;
  }
  void ExpectUsageError(const Arguments& arguments) {
    EXPECT_EQ(Ran(arguments), Exit::kUsage) << testing::PrintToString(arguments);
    EXPECT_TRUE(err_.starts_with("hullmark: ")) << err_;
    EXPECT_EQ(out_, "") << "reports only";
  }

  TempTree tree_;
  std::string out_, err_;
};

TEST_F(RunTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(Ran({"--version"}), Exit::kDone);
  EXPECT_EQ(out_, "hullmark 1.2.3\n");
  EXPECT_EQ(Ran({"--help"}), Exit::kDone);
  for (const Command& command : Commands()) {
    EXPECT_EQ(out_.find("\n  " + std::string(command.name) + " ") == std::string::npos,
              command.hidden)
        << command.name;
  }
  EXPECT_EQ(Ran({"audit", "--help"}), Exit::kDone);
  EXPECT_NE(out_.find("--min-coverage"), std::string::npos);
  EXPECT_EQ(err_, "");
}

TEST_F(RunTest, WrongArgumentsAreUsageErrors) {
  for (const Arguments& arguments :
       std::vector<Arguments>{{},
                              {"frobnicate"},
                              {"--frobnicate", "audit"},
                              {"audit", "--frobnicate"},
                              {"audit", "extra"},
                              {"audit", "snapshot"},
                              {"audit", "--format", "yaml"},
                              {"audit", "--format"},
                              {"audit", "--view", "mine"},
                              {"audit", "--format", "json", "--view", "cis"},
                              {"audit", "--color", "sometimes"},
                              {"audit", "--class", "container,box"},
                              {"audit", "--fail-on", "info"},
                              {"audit", "--min-score", "101"},
                              {"audit", "--min-score", "-1"},
                              {"audit", "--min-score", "high"},
                              {"audit", "--min-coverage", "1.5"},
                              {"audit", "--at", "tomorrow"},
                              {"audit", "--log-level", "loud"},
                              {"explain"},
                              {"explain", "NONE-001"}}) {
    ExpectUsageError(arguments);
  }
}

TEST_F(RunTest, FilesThatCannotBeUsedAreUsageErrors) {
  tree_.Write("bad", "{");
  for (const char* const file : {"absent", "bad", "."}) {
    ExpectUsageError({"audit", "--snapshot", tree_.Path(file)});
    ExpectUsageError({"check-config", "--benchmark", tree_.Path(file)});
    ExpectUsageError({"audit", "--snapshot", kSnapshot, "--benchmark", tree_.Path(file)});
  }
  ExpectUsageError({"audit", "--snapshot", kSnapshot, "--output", tree_.Path("absent/report")});
}

TEST_F(RunTest, RootsThatAreNoneAreBlind) {
  const std::string place = tree_.Path(".");
  for (const char* const command : {"audit", "snapshot"}) {
    EXPECT_EQ(Ran({command, "--proc-root", tree_.Path("absent")}), Exit::kBlind);
    EXPECT_NE(err_.find("--proc-root"), std::string::npos) << err_;
    EXPECT_EQ(Ran({command, "--proc-root", place}), Exit::kBlind) << "no procfs";
    EXPECT_EQ(Ran({command, "--plain-roots", "--proc-root", place, "--sys-root", place,
                   "--cgroup-root", place}),
              Exit::kBlind)
        << "no process";
    EXPECT_EQ(out_, "");
  }
}

TEST_F(RunTest, ASnapshotIsJudged) {
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot}), Exit::kDone);
  EXPECT_NE(out_, "");
  EXPECT_EQ(err_, "");
  EXPECT_EQ(out_.find('\x1b'), std::string::npos) << "no colour where no terminal is";
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--color", "always"}), Exit::kDone);
  EXPECT_NE(out_.find('\x1b'), std::string::npos);
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--format", "json"}), Exit::kDone);
  EXPECT_TRUE(out_.starts_with("{") && out_.ends_with("}\n"));
}

TEST_F(RunTest, ThresholdsDecideTheExitAfterTheReport) {
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--fail-on", "low"}), Exit::kViolation);
  EXPECT_NE(out_, "");
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--min-score", "100"}), Exit::kViolation);
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--min-score", "0"}), Exit::kDone);
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--fail-on", "low", "--select", "no-such"}),
            Exit::kUsage)
      << "a threshold on nothing would always be met";
}

TEST_F(RunTest, TheReportGoesWhereItIsSent) {
  const std::string path = tree_.Path("report");
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot}), Exit::kDone);
  const std::string expected = out_;
  EXPECT_EQ(Ran({"audit", "--snapshot", kSnapshot, "--output", path}), Exit::kDone);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(tree_.Text("report"), expected);
}

TEST_F(RunTest, ControlsAreListedAndExplained) {
  EXPECT_EQ(Ran({"controls"}), Exit::kDone);
  EXPECT_NE(out_.find("CAP-001"), std::string::npos);
  EXPECT_EQ(Ran({"explain", "CAP-001"}), Exit::kDone);
  const std::string expected = out_;
  EXPECT_EQ(Ran({"explain", "cap-001"}), Exit::kDone);
  EXPECT_EQ(out_, expected);
  EXPECT_EQ(Ran({"explain", "CAP-999"}), Exit::kUsage);
  EXPECT_NE(err_.find("CAP-001"), std::string::npos) << "names the family";
  EXPECT_EQ(Ran({"check-config"}), Exit::kDone);
  EXPECT_NE(out_.find("sha256"), std::string::npos);
}

TEST_F(RunTest, WhatAnErrorQuotesIsPrintable) {
  ExpectUsageError({"audit", "--snapshot", tree_.Path("\x1b[2J")});
  EXPECT_EQ(err_.find('\x1b'), std::string::npos);
  ExpectUsageError({"audit", "--frob\x1b[2J"});
  EXPECT_EQ(err_.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hullmark
