// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/exec_reader.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_iterator.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/record_facts.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/kernel_version.h"

namespace hullmark {
namespace {

Fd OpenProc() {
  auto proc = OpenDirectory(-1, "/proc");
  return proc ? std::move(*proc) : Fd();
}

// Sleeps until the test is over.
class Child {
 public:
  Child() {
    std::string name = "sleep";
    std::string time = "1000";
    std::array<char*, 3> arguments = {name.data(), time.data(), nullptr};
    if (posix_spawn(&pid_, "/bin/sleep", nullptr, nullptr, arguments.data(), environ) != 0)
      pid_ = 0;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { End(); }
  void End() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  Pid pid() const { return Pid{pid_}; }

 private:
  pid_t pid_ = 0;
};

TEST(ExecReader, SaysWhatRuns) {
  ExecReader reader(OpenProc());
  Child child;
  const auto event = reader.Read(child.pid(), 7);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->turn.at, 7U);
  EXPECT_EQ(event->turn.turn, unsigned{kTaskExecuted});
  EXPECT_EQ(event->turn.tgid, std::to_underlying(child.pid()));
  EXPECT_EQ(event->turn.parent, getpid());
  EXPECT_EQ(event->task.euid, geteuid());
  // Of coreutils, or of a box of many tools.
  const std::string name = static_cast<const char*>(event->executable_name);
  EXPECT_NE(name, "");
  EXPECT_EQ(name.find('/'), std::string::npos);
  EXPECT_NE(event->task.known & unsigned{kKnowsImage}, 0U);
  EXPECT_GE(event->task.executable_links, 1U);
}

TEST(ExecReader, WhoHasEndedIsNotThere) {
  ExecReader reader(OpenProc());
  Child child;
  const Pid pid = child.pid();
  child.End();
  EXPECT_FALSE(reader.Read(pid, 0).has_value());
}

TEST(ExecReader, WhoHasEndedAndIsNotForgottenIsNotThere) {
  ExecReader reader(OpenProc());
  const pid_t zombie = fork();
  if (zombie == 0) _exit(0);
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(zombie), &ended, WEXITED | WNOWAIT);
  EXPECT_FALSE(reader.Read(Pid{zombie}, 0).has_value());
  waitpid(zombie, nullptr, 0);
}

// The kernel's own record says the same.
TEST(ExecReader, AgreesWithTheRecord) {
  auto iterator = TaskIterator::Load();
  // Where BPF is not to be had there is no record to agree with; the message says why.
  if (!iterator) GTEST_SKIP() << iterator.error().message;
  ExecReader reader(OpenProc());
  Child child;
  ASSERT_TRUE(reader.Read(child.pid(), 0).has_value());
  const auto records = iterator->Read({});
  ASSERT_TRUE(records.has_value());
  const auto record =
      std::ranges::find(records->leaders, std::to_underlying(child.pid()), &TaskRecord::tgid);
  ASSERT_NE(record, records->leaders.end());
  const auto event = reader.Read(child.pid(), 0);
  ASSERT_TRUE(event.has_value());
  ProcStatus shape{};
  shape.ambient = CapSet();
  shape.no_new_privs = false;
  shape.seccomp = SeccompMode::kOff;
  shape.seccomp_filters = 0;
  EXPECT_EQ(StatusOf(event->task, shape), StatusOf(*record, shape));
  EXPECT_EQ(NamespacesOf(event->task), NamespacesOf(*record));
  EXPECT_EQ(RlimitsOf(event->task), RlimitsOf(*record));
  EXPECT_EQ(SomeGroupsOf(event->task), SomeGroupsOf(*record));
  EXPECT_EQ(StatOf(event->task).start, StatOf(*record).start);
  EXPECT_EQ(StatOf(event->task).tty, StatOf(*record).tty);
  EXPECT_EQ(event->task.oom_score_adj, record->oom_score_adj);
  EXPECT_EQ(event->task.known, record->known | unsigned{kKnowsMount});
}

// Records of a process as they are told one after the other, the last one for ever.
class Told {
 public:
  explicit Told(std::vector<TaskRecord> records) : records_(std::move(records)) {}
  ExecReader::ReadRecord Reader() {
    return [this](Pid) -> Result<TaskRecord> {
      const std::size_t at = std::min(asked_++, records_.size() - 1);
      return records_.at(at);
    };
  }
  std::size_t asked() const { return asked_; }

 private:
  std::vector<TaskRecord> records_;
  std::size_t asked_ = 0;
};

TaskRecord Sleeping() {
  TaskRecord record{};
  record.known = kKnowsNamespaces | kKnowsImage;
  record.state = 1;  // TASK_INTERRUPTIBLE
  record.start = 12'345'678'901;
  record.cgroup = 77;
  record.euid = 4711;
  record.image[0] = 1;
  return record;
}

Fact<TaskEvent> ReadOf(Told& told) {
  ExecReader reader(OpenProc());
  const Child child;
  reader.UseRecords(told.Reader());
  return reader.Read(child.pid(), 0);
}

TEST(ExecReader, TakesTheRecordOverTheFiles) {
  ExecReader reader(OpenProc());
  const Child child;
  const auto by_files = reader.Read(child.pid(), 0);
  ASSERT_TRUE(by_files);
  Told told({Sleeping()});
  reader.UseRecords(told.Reader());
  const auto event = reader.Read(child.pid(), 7);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->turn.at, 7U);
  EXPECT_EQ(event->turn.start, 12'345'678'901U);
  EXPECT_EQ(event->turn.tgid, std::to_underlying(child.pid()));
  EXPECT_EQ(event->task.euid, 4711U);
  EXPECT_EQ(event->task.cgroup, 77U);
  // Which no record has.
  EXPECT_EQ(event->executable_device, by_files->executable_device);
  EXPECT_EQ(event->executable_mount, by_files->executable_mount);
  EXPECT_EQ(event->task.executable, by_files->task.executable);
  EXPECT_STREQ(static_cast<const char*>(event->executable_name),
               static_cast<const char*>(by_files->executable_name));
}

TEST(ExecReader, ReadsPartsOfTwoProgramsAgain) {
  TaskRecord next = Sleeping();
  next.image[0] = 2;
  next.euid = 1;
  Told told({Sleeping(), next});
  const auto event = ReadOf(told);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->task.euid, 1U);
  EXPECT_EQ(told.asked(), 4U);
}

// Else whoever changes his rights without rest could not be read, see capset(2).
TEST(ExecReader, TakesTheRightsThatWereThereLast) {
  TaskRecord next = Sleeping();
  next.credentials = 3;
  next.effective = 5;
  Told told({Sleeping(), next});
  const auto event = ReadOf(told);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->task.effective, 5U);
  EXPECT_EQ(told.asked(), 2U);
}

TEST(ExecReader, WhoIsAnotherProgramEachTimeIsNotThere) {
  std::vector<TaskRecord> records(8, Sleeping());
  for (std::size_t at = 0; at < records.size(); ++at) records[at].image[0] = at;
  Told told(std::move(records));
  const auto event = ReadOf(told);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::kVanished);
}

TEST(ExecReader, WhoHasEndedByTheRecordIsNotThere) {
  TaskRecord ended = Sleeping();
  ended.exit_state = 32;  // EXIT_ZOMBIE
  Told told({Sleeping(), ended});
  EXPECT_FALSE(ReadOf(told));
}

TEST(ExecReader, ReadsFilesWhereRecordsFail) {
  ExecReader reader(OpenProc());
  const Child child;
  int asked = 0;
  reader.UseRecords([&asked](Pid) -> Result<TaskRecord> {
    ++asked;
    return Fail(ErrorCode::kIo, "no memory");
  });
  for (int times = 0; times < 2; ++times) {
    const auto event = reader.Read(child.pid(), 0);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->task.euid, geteuid());
  }
  EXPECT_EQ(asked, 2);
}

TEST(ExecReader, AgreesWithItselfByRecords) {
  auto iterator = TaskIterator::Load();
  // Where BPF is not to be had there is no record to agree with; the message says why.
  if (!iterator) GTEST_SKIP() << iterator.error().message;
  ExecReader reader(OpenProc());
  const Child child;
  const auto by_files = reader.Read(child.pid(), 0);
  const auto own = iterator->ReadOne(getpid());
  // Who calls himself older may tell of all tasks or none; from 6.1 on that is a fault of ours.
  if (!own && IsKernelBefore(6, 1)) GTEST_SKIP() << own.error().message;
  ASSERT_TRUE(own) << own.error().message;
  reader.UseRecords([&](Pid pid) { return iterator->ReadOne(std::to_underlying(pid)); });
  const auto by_record = reader.Read(child.pid(), 0);
  ASSERT_TRUE(by_files && by_record);
  ProcStatus shape{};
  shape.ambient = CapSet();
  shape.no_new_privs = false;
  shape.seccomp = SeccompMode::kOff;
  shape.seccomp_filters = 0;
  EXPECT_EQ(StatusOf(by_record->task, shape), StatusOf(by_files->task, shape));
  EXPECT_EQ(NamespacesOf(by_record->task), NamespacesOf(by_files->task));
  EXPECT_EQ(RlimitsOf(by_record->task), RlimitsOf(by_files->task));
  EXPECT_EQ(StatOf(by_record->task).start, StatOf(by_files->task).start);
  EXPECT_EQ(by_record->turn.parent, by_files->turn.parent);
  EXPECT_EQ(by_record->task.oom_score_adj, by_files->task.oom_score_adj);
  EXPECT_EQ(by_record->task.known, by_files->task.known);
  EXPECT_EQ(by_record->executable_device, by_files->executable_device);
}

}  // namespace
}  // namespace hullmark
