// SPDX-License-Identifier: Apache-2.0
// audit --source on a tree of files, with records that are made up.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/cli/command.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/collect/record_world.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

class AuditSource : public testing::Test {
 protected:
  AuditSource() {
    AddOwnProcess(world_);
    AddRecordedProcess(world_, 42);
    world_.tree.MakeDirectory("proc/1/root");
  }

  Exit Ran(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {
        "hullmark",   "--plain-roots",         "--proc-root",   world_.tree.Path("proc"),
        "--sys-root", world_.tree.Path("sys"), "--cgroup-root", world_.tree.Path("cgroup"),
        "audit"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    std::vector<const char*> all;
    all.reserve(arguments.size());
    for (const std::string& argument : arguments) all.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Wiring wiring{.roots = {},
                        .config = {},
                        .now = [] { return Timestamp{1'000'000'000'000'000}; },
                        .version = "1.2.3",
                        .open_tasks =
                            [this](const Roots&, bool insisted) {
                              Tasks tasks = tasks_;
                              tasks.insisted = insisted;
                              return tasks;
                            }};
    const Exit exit = hullmark::Run(static_cast<int>(all.size()), all.data(), wiring);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return exit;
  }
  bool Says(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
  }

  CollectWorld world_;
  std::vector<TaskRecord> records_ = {RecordOf(42)};
  Tasks tasks_ = {.records = [this](const RecordBounds&) -> Result<TaskRecords> {
    TaskRecords records;
    records.leaders = records_;
    return records;
  }};
  std::string out_, err_;
};

TEST_F(AuditSource, BothAgree) {
  EXPECT_EQ(Ran({"--source", "both", "--format", "json"}), Exit::kDone) << err_;
  EXPECT_TRUE(Says(err_, "sources: 1 processes")) << err_;
  EXPECT_TRUE(Says(err_, " 0 differences")) << err_;
  EXPECT_TRUE(Says(out_, R"("source":"proc")")) << "judged is what the reference tells";
}

TEST_F(AuditSource, BothDiffer) {
  records_.front().effective = 1;
  EXPECT_EQ(Ran({"--source", "both"}), Exit::kViolation);
  EXPECT_TRUE(Says(err_, "/proc/42: CapEff: bpf 1, proc 0")) << err_;
  EXPECT_NE(out_, "") << "the report is there, too";
}

TEST_F(AuditSource, BothWantsBoth) {
  tasks_ = {.records = {}, .why_not = "bpf: not permitted"};
  EXPECT_EQ(Ran({"--source", "both"}), Exit::kBlind);
  EXPECT_TRUE(Says(err_, "--source both: bpf: not permitted")) << err_;
  EXPECT_EQ(out_, "");
}

TEST_F(AuditSource, RecordsTellWhereTheyMay) {
  for (const char* const source : {"auto", "bpf"}) {
    EXPECT_EQ(Ran({"--source", source, "--format", "json"}), Exit::kDone) << err_;
    EXPECT_TRUE(Says(out_, R"("source":"bpf")"));
    EXPECT_EQ(err_, "");
  }
  EXPECT_EQ(Ran({"--source", "proc", "--format", "json"}), Exit::kDone);
  EXPECT_TRUE(Says(out_, R"("source":"proc")"));
  EXPECT_FALSE(Says(out_, "source_reason"));
}

TEST_F(AuditSource, WithoutRecordsTheReasonIsTold) {
  tasks_ = {.records = {}, .why_not = "bpf: not permitted"};
  EXPECT_EQ(Ran({"--source", "auto", "--format", "json"}), Exit::kDone);
  EXPECT_TRUE(Says(out_, R"("source_reason":"bpf: not permitted")"));
  EXPECT_FALSE(Says(out_, R"("id":"bpf")")) << "nobody asked for it";
  EXPECT_EQ(Ran({"--source", "bpf", "--format", "json"}), Exit::kDone);
  EXPECT_TRUE(Says(out_, R"("id":"bpf")"));
  EXPECT_TRUE(Says(err_, "bpf: not permitted: tasks are read through /proc")) << err_;
}

TEST_F(AuditSource, RecordsThatContradictTheFilesAreGivenUp) {
  records_.front().effective = 1;
  EXPECT_EQ(Ran({"--source", "auto", "--format", "json"}), Exit::kDone);
  EXPECT_TRUE(Says(out_, R"("source":"proc")"));
  EXPECT_TRUE(Says(out_, "CapEff: 1 and 0"));
  EXPECT_TRUE(Says(err_, "tasks are read through /proc for an hour")) << err_;
}

TEST_F(AuditSource, ASnapshotHasItsSourceAlready) {
  EXPECT_EQ(Ran({"--source", "auto", "--snapshot", "-"}), Exit::kUsage);
  EXPECT_TRUE(Says(err_, "--source")) << err_;
  EXPECT_EQ(Ran({"--source", "files"}), Exit::kUsage);
}

}  // namespace
}  // namespace hullmark
