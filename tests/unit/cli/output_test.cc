// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/output.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/encode/json_writer.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

using Names = std::vector<std::string>;

class OutputTest : public testing::Test {
 protected:
  Names Files() { return ListDirectory(tree_.Open().get(), ".", 100).value(); }

  TempTree tree_;
};

TEST_F(OutputTest, TheOldFileStaysUntilTheNewIsComplete) {
  tree_.Write("report", "old");
  const auto written = WriteOutput(tree_.Path("report"), [&](const ByteSink& sink) {
    sink("ne");
    EXPECT_EQ(tree_.Text("report"), "old");
    sink("w");
  });
  EXPECT_TRUE(written);
  EXPECT_EQ(tree_.Text("report"), "new");
  EXPECT_EQ(Files(), Names{"report"}) << "no draft is left";
}

TEST_F(OutputTest, AFailureLeavesTheOldFileAndNoDraft) {
  tree_.Write("report", "old");
  // The kernel refuses what makes a file longer than this: as a full disk, without one.
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little = {.rlim_cur = 4, .rlim_max = before.rlim_max};
  const auto old_action = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto written = WriteOutput(tree_.Path("report"), [](const ByteSink& sink) {
    sink("too long a document");
    sink("and more");
  });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_action);
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().message.starts_with(tree_.Path("report") + ": "));
  EXPECT_EQ(tree_.Text("report"), "old");
  EXPECT_EQ(Files(), Names{"report"});
}

TEST_F(OutputTest, ADirectoryIsNotReplaced) {
  tree_.MakeDirectory("report");
  const auto written = WriteOutput(tree_.Path("report"), [](const ByteSink& sink) { sink("x"); });
  EXPECT_FALSE(written);
  EXPECT_EQ(Files(), Names{"report"});
  const auto nowhere =
      WriteOutput(tree_.Path("absent/report"), [](const ByteSink& sink) { sink("x"); });
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
}

TEST_F(OutputTest, ALinkIsNeitherFollowedNorReplaced) {
  tree_.Write("target", "old");
  tree_.Link("report", "target");
  EXPECT_FALSE(WriteOutput(tree_.Path("report"), [](const ByteSink& sink) { sink("new"); }));
  EXPECT_EQ(tree_.Text("target"), "old");
  EXPECT_EQ(tree_.Text("report"), "old");
}

TEST_F(OutputTest, TheUmaskDecidesWhoReadsIt) {
  const mode_t before = umask(027);
  const auto written = WriteOutput(tree_.Path("report"), [](const ByteSink& sink) { sink("x"); });
  EXPECT_EQ(umask(before), 027U);
  ASSERT_TRUE(written);
  EXPECT_EQ(StatusOf(tree_.Open().get(), "report", Follow::kNo)->mode & 07777U, 0640U);
}

TEST_F(OutputTest, WithoutAPathItIsStandardOutput) {
  testing::internal::CaptureStdout();
  EXPECT_TRUE(WriteOutput("", [](const ByteSink& sink) { sink("text"); }));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "text");
}

}  // namespace
}  // namespace hullmark
