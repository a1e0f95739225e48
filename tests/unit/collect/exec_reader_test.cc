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
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_iterator.h"
#include "agent/collect/record_facts.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

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

}  // namespace
}  // namespace hullmark
