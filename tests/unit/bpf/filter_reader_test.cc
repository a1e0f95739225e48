// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/filter_reader.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "agent/bpf/filter_record.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

// Permits everything but one number, and is told apart by it; `length` instructions.
FilterCode Denying(std::uint32_t number, std::size_t length = 4) {
  FilterCode code = {ToNumber({.code = BPF_LD | BPF_W | BPF_ABS, .constant = 0})};
  while (code.size() + 3 < length) {
    code.push_back(ToNumber({.code = BPF_ALU | BPF_OR | BPF_K, .constant = 0}));
  }
  code.push_back(ToNumber(
      {.code = BPF_JMP | BPF_JEQ | BPF_K, .jump_true = 0, .jump_false = 1, .constant = number}));
  code.push_back(ToNumber({.code = BPF_RET | BPF_K, .constant = SECCOMP_RET_ERRNO | 1}));
  code.push_back(ToNumber({.code = BPF_RET | BPF_K, .constant = SECCOMP_RET_ALLOW}));
  return code;
}

bool Install(const FilterCode& code) {
  std::vector<sock_filter> program;
  for (const std::uint64_t number : code) {
    const FilterInstruction it = ToInstruction(number);
    program.push_back({.code = it.code, .jt = it.jump_true, .jf = it.jump_false, .k = it.constant});
  }
  const sock_fprog filter = {.len = static_cast<unsigned short>(program.size()),
                             .filter = program.data()};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

// A child that has filters, until it is ended.
class Filtered {
 public:
  explicit Filtered(const std::vector<FilterCode>& oldest_first) {
    std::array<int, 2> said = {};
    if (pipe(said.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      const bool good = std::ranges::all_of(oldest_first, Install);
      (void)!write(said[1], good ? "x" : "-", 1);
      while (true) pause();
    }
    char byte = 0;
    ready_ = read(said[0], &byte, 1) == 1 && byte == 'x';
    close(said[0]);
    close(said[1]);
  }
  Filtered(Filtered&& other) noexcept : pid_(std::exchange(other.pid_, -1)), ready_(other.ready_) {}
  Filtered& operator=(Filtered&&) = delete;
  ~Filtered() { End(); }

  void End() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  pid_t pid() const { return pid_; }
  bool ready() const { return ready_; }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

class LiveFilters : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = FilterReader::Load();
    if (!loaded) GTEST_SKIP() << loaded.error().message;
    reader_.emplace(std::move(*loaded));
    const Filtered probe({Denying(1000)});
    if (!probe.ready()) GTEST_SKIP() << "seccomp(2) cannot be used here";
  }

  FilterRecords Read() {
    auto records = reader_->Read();
    EXPECT_TRUE(records) << records.error().message;
    return records.value_or(FilterRecords{});
  }

  // The programs of a process, the newest first.
  static std::vector<FilterCode> ProgramsOf(const FilterRecords& records, pid_t pid) {
    std::vector<FilterCode> programs;
    const auto task = std::ranges::find(records.tasks, pid, &FilteredTask::tid);
    if (task == records.tasks.end()) return programs;
    const auto* const stack = records.Find(task->filter);
    if (stack == nullptr) return programs;
    for (const CopiedFilter* filter : stack->filters) {
      programs.push_back(filter->code == nullptr ? FilterCode{} : *filter->code);
    }
    return programs;
  }

  std::optional<FilterReader> reader_;
};

TEST_F(LiveFilters, AreReadAsTheyWereInstalled) {
  const Filtered child({Denying(1001), Denying(1002, 4096), Denying(1003, 1500)});
  const FilterRecords records = Read();
  EXPECT_EQ(ProgramsOf(records, child.pid()),
            (std::vector<FilterCode>{Denying(1003, 1500), Denying(1002, 4096), Denying(1001)}));
  const auto task = std::ranges::find(records.tasks, child.pid(), &FilteredTask::tid);
  ASSERT_NE(task, records.tasks.end());
  EXPECT_EQ(task->filters, 3U);
  EXPECT_EQ(task->tgid, child.pid());
  EXPECT_EQ(std::ranges::find(records.tasks, getpid(), &FilteredTask::tid), records.tasks.end());
}

TEST_F(LiveFilters, AreCopiedOnce) {
  const Filtered one({Denying(1001)});
  Read();
  EXPECT_GE(reader_->copied(), 1U);
  const Filtered other({Denying(1002)});
  Read();
  EXPECT_GE(reader_->copied(), 1U);
  FilterRecords records = Read();
  // Others on this host may install some meanwhile.
  for (int time = 0; time < 50 && reader_->copied() != 0; ++time) records = Read();
  EXPECT_EQ(reader_->copied(), 0U);
  EXPECT_EQ(ProgramsOf(records, one.pid()), std::vector<FilterCode>{Denying(1001)});
  EXPECT_EQ(ProgramsOf(records, other.pid()), std::vector<FilterCode>{Denying(1002)});
}

// The kernel soon uses the place of a filter again.
TEST_F(LiveFilters, AreNotMistakenForThoseBeforeThem) {
  for (std::uint32_t number = 2000; number < 2040; ++number) {
    const Filtered child({Denying(number)});
    ASSERT_EQ(ProgramsOf(Read(), child.pid()), std::vector<FilterCode>{Denying(number)});
  }
}

TEST_F(LiveFilters, AreReadInSeveralPassesWhereThereAreMany) {
  std::vector<Filtered> children;
  for (std::uint32_t number = 3000; number < 3300; ++number) {
    children.emplace_back(std::vector{Denying(number), Denying(number + 1000, 600)});
  }
  const FilterRecords records = Read();
  EXPECT_GE(reader_->copied(), 600U);
  for (std::uint32_t at = 0; at < children.size(); ++at) {
    ASSERT_EQ(ProgramsOf(records, children[at].pid()),
              (std::vector{Denying(4000 + at, 600), Denying(3000 + at)}));
  }
}

TEST_F(LiveFilters, ThatAreTooManyAreLeftOut) {
  const Filtered child(std::vector<FilterCode>(kMostFilterDepth + 1, Denying(1001)));
  const FilterRecords records = Read();
  const auto task = std::ranges::find(records.tasks, child.pid(), &FilteredTask::tid);
  ASSERT_NE(task, records.tasks.end());
  EXPECT_EQ(task->filters, kMostFilterDepth + 1U);
  EXPECT_TRUE(ProgramsOf(records, child.pid()).empty());
}

}  // namespace
}  // namespace hullmark
