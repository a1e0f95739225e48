// SPDX-License-Identifier: Apache-2.0
// The iterator on this very kernel. Skipped, with the reason, where BPF is not to be had.
#include "agent/bpf/task_iterator.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/bpf/task_record.h"
#include "hullmark/result.h"
#include "tests/unit/kernel_version.h"

namespace hullmark {
namespace {

class LiveIterator : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = TaskIterator::Load();
    if (!loaded) GTEST_SKIP() << loaded.error().message;
    iterator_.emplace(std::move(*loaded));
  }
  TaskRecords Read(const RecordBounds& bounds = {}) {
    auto records = iterator_->Read(bounds);
    EXPECT_TRUE(records.has_value());
    return std::move(*records);
  }
  static const TaskRecord* Find(const std::vector<TaskRecord>& records, int tid) {
    const auto at = std::ranges::find(records, tid, &TaskRecord::tid);
    return at == records.end() ? nullptr : &*at;
  }

  std::optional<TaskIterator> iterator_;
};

TEST_F(LiveIterator, TellsOfThisProcess) {
  const TaskRecords records = Read();
  const TaskRecord* const self = Find(records.leaders, getpid());
  ASSERT_NE(self, nullptr);
  EXPECT_EQ(self->tgid, getpid());
  EXPECT_EQ(self->parent, getppid());
  EXPECT_EQ(self->euid, geteuid());
  EXPECT_EQ(self->fsgid, getegid());
  EXPECT_EQ(self->exit_state, 0U);
  EXPECT_EQ(self->known, unsigned{kKnowsNamespaces | kKnowsTimeNamespace | kKnowsImage});
  EXPECT_GT(self->executable_links, 0U);
  EXPECT_EQ(self->no_new_privs, static_cast<unsigned>(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  EXPECT_TRUE(std::ranges::is_sorted(records.leaders, {}, &TaskRecord::tgid));
  EXPECT_GT(records.kernel_threads, 1U);
  EXPECT_FALSE(records.truncated);
}

// Drops CAP_NET_RAW from the effective set of the calling thread.
void DropNetRaw() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets = {};
  ASSERT_EQ(syscall(SYS_capget, &header, sets.data()), 0);
  sets[0].effective &= ~(1U << CAP_NET_RAW);
  ASSERT_EQ(syscall(SYS_capset, &header, sets.data()), 0);
}

TEST_F(LiveIterator, TellsOfAThreadOnlyWhereItDiffers) {
  std::array<int, 2> done = {};
  std::array<int, 2> stop = {};
  ASSERT_EQ(pipe(done.data()), 0);
  ASSERT_EQ(pipe(stop.data()), 0);
  const auto wait = [&](bool differs) {
    if (differs) DropNetRaw();
    const auto tid = static_cast<int>(syscall(SYS_gettid));
    ASSERT_EQ(write(done[1], &tid, sizeof tid), ssize_t{sizeof tid});
    char byte = 0;
    ASSERT_EQ(read(stop[0], &byte, 1), 1);
  };
  std::array<int, 2> tids = {};
  std::thread alike(wait, false);
  ASSERT_EQ(read(done[0], tids.data(), sizeof(int)), ssize_t{sizeof(int)});
  std::thread other(wait, true);
  ASSERT_EQ(read(done[0], &tids[1], sizeof(int)), ssize_t{sizeof(int)});
  const TaskRecords records = Read();
  const TaskRecords bounded = Read({.most_threads_of_all = 0});
  ASSERT_EQ(write(stop[1], "xx", 2), 2);
  alike.join();
  other.join();
  EXPECT_EQ(Find(records.threads, tids[0]), nullptr);
  const TaskRecord* const thread = Find(records.threads, tids[1]);
  ASSERT_NE(thread, nullptr);
  const TaskRecord* const leader = Find(records.leaders, getpid());
  EXPECT_EQ(leader->effective & ~thread->effective, 1U << CAP_NET_RAW);
  EXPECT_GE(leader->threads, 3U);
  EXPECT_EQ(bounded.threads_left.at(getpid()), 1U);
}

TEST_F(LiveIterator, SaysThatThereAreMore) {
  const TaskRecords records = Read({.most_leaders = 2});
  EXPECT_EQ(records.leaders.size(), 2U);
  EXPECT_TRUE(records.truncated);
}

TEST_F(LiveIterator, TellsZombies) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const TaskRecords records = Read();
  waitpid(child, nullptr, 0);
  const TaskRecord* const zombie = Find(records.leaders, child);
  ASSERT_NE(zombie, nullptr);
  EXPECT_NE(zombie->exit_state, 0U);
  EXPECT_EQ(zombie->parent, getpid());
}

TEST_F(LiveIterator, TellsOfOneAlone) {
  const auto own = iterator_->ReadOne(getpid());
  // Who calls himself older may tell of all tasks or none; from 6.1 on that is a fault of ours.
  if (!own && IsKernelBefore(6, 1)) GTEST_SKIP() << own.error().message;
  ASSERT_TRUE(own) << own.error().message;
  const TaskRecords all = Read();
  const TaskRecord* const self = Find(all.leaders, getpid());
  ASSERT_NE(self, nullptr);
  EXPECT_EQ(own->start, self->start);
  EXPECT_EQ(own->credentials, self->credentials);
  EXPECT_EQ(own->cgroup, self->cgroup);
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(1);
  }
  const auto other = iterator_->ReadOne(child);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->tgid, child);
  EXPECT_EQ(other->parent, getpid());
}

TEST_F(LiveIterator, TellsThatOneIsGone) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  const auto gone = iterator_->ReadOne(child);
  ASSERT_FALSE(gone);
  // As above.
  if (gone.error().code == ErrorCode::kUnsupported && IsKernelBefore(6, 1)) {
    GTEST_SKIP() << gone.error().message;
  }
  EXPECT_EQ(gone.error().code, ErrorCode::kVanished);
}

}  // namespace
}  // namespace hullmark
