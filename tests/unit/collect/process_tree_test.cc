// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fanotify.h>
#include <sys/fanotify.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/membership.h"
#include "agent/collect/process_reader.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

class ProcessReaderTest : public testing::Test {
 protected:
  ProcessReaderTest() { world_.AddProcess("self", {.pid = 7}); }

  const Snapshot& Read(const std::vector<std::string>& names) {
    const Roots roots = world_.OpenAll();
    ReadBuffer buffer(1 << 20);
    Memberships memberships(roots, snapshot_, buffer);
    ProcessReader reader(roots, world_.options, snapshot_, memberships, buffer);
    for (const auto& name : names) reader.Read(name);
    zombies_ = reader.zombies();
    return snapshot_;
  }

  // One process was met, and nothing of it kept.
  void ExpectNone(const ScanCounts& counts) const {
    EXPECT_TRUE(snapshot_.processes.empty());
    EXPECT_TRUE(snapshot_.threads.empty());
    EXPECT_EQ(counts.vanished + counts.zombies + counts.kernel_threads + counts.unreadable, 1U);
  }

  CollectWorld world_;
  Snapshot snapshot_;
  std::vector<Zombie> zombies_;
};

TEST_F(ProcessReaderTest, ReadsAProcess) {
  world_.AddProcess("42", {.pid = 42, .parent = 7, .start = 99, .effective = "0000000000200000"});
  world_.tree.Write("proc/42/oom_score_adj", "-500\n");
  const Snapshot& snapshot = Read({"42"});
  ASSERT_EQ(snapshot.processes.size(), 1U);
  const Process& process = snapshot.processes[0];
  EXPECT_EQ(process.pid, Pid{42});
  EXPECT_EQ(process.stat.parent, 7);
  EXPECT_EQ(process.stat.start, BootTicks{99});
  EXPECT_EQ(process.oom_score_adj, -500);
  ASSERT_TRUE(process.leader.status);
  EXPECT_EQ(process.leader.status->effective, CapSet{Cap::kSysAdmin});
  EXPECT_EQ(process.leader.namespaces[NamespaceKind::kPid], NamespaceInode{4026531836});
  EXPECT_EQ(process.leader.label, Missing(ErrorCode::kNotFound, ENOENT)) << "nobody labels";
  EXPECT_EQ(process.executable, Missing(ErrorCode::kNotFound, ENOENT));
  EXPECT_EQ(process.invocation, Missing(ErrorCode::kNotRead)) << "nobody is typing";
  EXPECT_EQ(snapshot.mount_namespaces.size(), 1U);
  EXPECT_EQ(snapshot.user_namespaces.size(), 1U);
}

TEST_F(ProcessReaderTest, OneThatIsGoneIsCounted) {
  ExpectNone(Read({"42"}).counts);
  EXPECT_EQ(snapshot_.counts.vanished, 1U);
}

TEST_F(ProcessReaderTest, OneWithoutAStatIsGone) {
  world_.AddProcess("42", {.pid = 42});
  world_.tree.Remove("proc/42/stat");
  ExpectNone(Read({"42"}).counts);
  EXPECT_EQ(snapshot_.counts.vanished, 1U);
}

TEST_F(ProcessReaderTest, OneWithAMalformedStatIsUnreadable) {
  world_.AddProcess("42", {.pid = 42});
  world_.tree.Write("proc/42/stat", "42 (app");
  ExpectNone(Read({"42"}).counts);
  EXPECT_EQ(snapshot_.counts.unreadable, 1U);
}

TEST_F(ProcessReaderTest, AKernelThreadIsCounted) {
  world_.AddProcess("2", {.pid = 2, .parent = 0, .flags = ProcStat::kKernelThread});
  ExpectNone(Read({"2"}).counts);
  EXPECT_EQ(snapshot_.counts.kernel_threads, 1U);
}

TEST_F(ProcessReaderTest, AZombieIsCountedToItsParent) {
  world_.AddProcess("42", {.pid = 42, .parent = 7, .state = 'Z', .threads = 1});
  ExpectNone(Read({"42"}).counts);
  EXPECT_EQ(snapshot_.counts.zombies, 1U);
  ASSERT_EQ(zombies_.size(), 1U);
  EXPECT_EQ(zombies_[0].parent, 7);
}

TEST_F(ProcessReaderTest, AProcessLivesAsLongAsAThreadDoes) {
  world_.AddProcess("42", {.pid = 42, .state = 'Z', .threads = 3, .start = 50});
  world_.tree.Remove("proc/42/ns");
  world_.AddProcess("42/task/42", {.pid = 42, .state = 'Z', .threads = 3});
  world_.AddProcess("42/task/43", {.pid = 43, .state = 'X', .threads = 3});
  world_.AddProcess("42/task/44",
                    {.pid = 44, .state = 'S', .threads = 3, .effective = "0000000000200000"});
  const Snapshot& snapshot = Read({"42"});
  EXPECT_EQ(snapshot.counts.zombies, 0U);
  ASSERT_EQ(snapshot.processes.size(), 1U);
  const Process& process = snapshot.processes[0];
  EXPECT_EQ(process.pid, Pid{42});
  EXPECT_EQ(process.stat.state, 'S');
  EXPECT_EQ(process.stat.start, BootTicks{50}) << "its identity is the leader's";
  ASSERT_TRUE(process.leader.status);
  EXPECT_EQ(process.leader.status->effective, CapSet{Cap::kSysAdmin});
  EXPECT_EQ(process.leader.namespaces[NamespaceKind::kMnt], NamespaceInode{4026531841});
}

TEST_F(ProcessReaderTest, AZombieWhoseThreadsAreDeadTooIsOne) {
  world_.AddProcess("42", {.pid = 42, .state = 'Z', .threads = 2});
  world_.AddProcess("42/task/42", {.pid = 42, .state = 'Z', .threads = 2});
  world_.AddProcess("42/task/43", {.pid = 43, .state = 'Z', .threads = 2});
  ExpectNone(Read({"42"}).counts);
  EXPECT_EQ(snapshot_.counts.zombies, 1U);
}

TEST_F(ProcessReaderTest, ThreadsThatDifferAreRecorded) {
  world_.AddProcess("42", {.pid = 42, .threads = 3});
  world_.AddProcess("42/task/42", {.pid = 42, .threads = 3});
  world_.AddProcess("42/task/43", {.pid = 43, .threads = 3});
  world_.AddProcess("42/task/44", {.pid = 44, .threads = 3, .effective = "0000000000000001"});
  const Snapshot& snapshot = Read({"42"});
  EXPECT_EQ(snapshot.counts.threads, 2U);
  ASSERT_EQ(snapshot.threads.size(), 1U);
  EXPECT_EQ(snapshot.threads[0].tid, Pid{44});
  EXPECT_EQ(snapshot.threads[0].process, ProcessIndex{0});
  EXPECT_EQ(snapshot.threads[0].task.status->effective, CapSet{Cap::kChown});
  EXPECT_EQ(snapshot.processes[0].threads_unread, 0U);
}

TEST_F(ProcessReaderTest, ThreadsThatWereNotReadAreCounted) {
  world_.AddProcess("42", {.pid = 42, .threads = 3});
  for (const int tid : {42, 43, 44}) {
    world_.AddProcess("42/task/" + std::to_string(tid), {.pid = tid, .threads = 3});
  }
  world_.options.most_threads = 2;
  EXPECT_GT(Read({"42"}).processes[0].threads_unread, 0U);
  snapshot_ = Snapshot();
  world_.options.threads = false;
  EXPECT_EQ(Read({"42"}).processes[0].threads_unread, 2U);
}

TEST_F(ProcessReaderTest, ATruncatedStatusIsAFaultOfTheProcess) {
  world_.AddProcess("42", {.pid = 42});
  const std::string status = StatusTextOf({.pid = 42});
  world_.tree.Write("proc/42/status", status.substr(0, status.find("CapEff")));
  const Snapshot& snapshot = Read({"42"});
  ASSERT_EQ(snapshot.processes.size(), 1U);
  EXPECT_EQ(snapshot.processes[0].leader.status, Missing(ErrorCode::kMalformed));
  EXPECT_TRUE(snapshot.processes[0].leader.cgroup);
}

TEST_F(ProcessReaderTest, EachNamespaceLinkIsAFactOfItsOwn) {
  world_.AddProcess("42", {.pid = 42});
  world_.tree.Remove("proc/42/ns/net");
  world_.tree.Link("proc/42/ns/ipc", "net:[4026531840]");
  world_.tree.Remove("proc/42/ns/uts");
  world_.tree.Write("proc/42/ns/uts", "");
  const Namespaces& namespaces = Read({"42"}).processes[0].leader.namespaces;
  EXPECT_EQ(namespaces[NamespaceKind::kNet], Missing(ErrorCode::kNotFound, ENOENT));
  EXPECT_EQ(namespaces[NamespaceKind::kIpc], Missing(ErrorCode::kMalformed));
  EXPECT_EQ(namespaces[NamespaceKind::kUts], Missing(ErrorCode::kUnsupported, EINVAL));
  EXPECT_EQ(namespaces[NamespaceKind::kPid], NamespaceInode{4026531836});
}

TEST_F(ProcessReaderTest, NamespacesThatMayNotBeReadAreDenied) {
  if (!CanBecomeAnother()) GTEST_SKIP() << "needs to become another user";
  world_.AddProcess("42", {.pid = 42});
  ASSERT_EQ(chmod(world_.tree.Path(".").c_str(), 0755), 0);
  ASSERT_EQ(chmod(world_.tree.Path("proc/42/ns").c_str(), 0), 0);
  ASSERT_EQ(seteuid(65534), 0);
  const Namespaces namespaces = Read({"42"}).processes[0].leader.namespaces;
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(namespaces[NamespaceKind::kNet], Missing(ErrorCode::kDenied, EACCES));
  EXPECT_TRUE(snapshot_.mount_namespaces.empty()) << "no inode, no table";
}

// Holds back every open of a file until `between` has run: what a process becomes while it is read.
class Interruption {
 public:
  Interruption(const std::string& path, std::function<void(int open)> between)
      : events_(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC)) {
    if (!events_ ||
        fanotify_mark(events_.get(), FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path.c_str()) != 0) {
      return;
    }
    works_ = true;
    thread_ = std::thread([this, between = std::move(between)] { Answer(between); });
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() {
    if (!works_) return;
    const char end = 0;
    (void)!write(end_[1], &end, 1);
    thread_.join();
    close(end_[0]);
    close(end_[1]);
  }
  bool works() const { return works_; }

 private:
  void Answer(const std::function<void(int open)>& between) {
    for (int opened = 1;; ++opened) {
      std::array<pollfd, 2> waits = {{{.fd = events_.get(), .events = POLLIN, .revents = 0},
                                      {.fd = end_[0], .events = POLLIN, .revents = 0}}};
      poll(waits.data(), waits.size(), -1);
      if (waits[1].revents != 0) return;
      fanotify_event_metadata event = {};
      if (read(events_.get(), &event, sizeof event) <= 0) return;
      between(opened);
      const fanotify_response allow = {.fd = event.fd, .response = FAN_ALLOW};
      (void)!write(events_.get(), &allow, sizeof allow);
      close(event.fd);
    }
  }

  static std::array<int, 2> MakePipe() {
    std::array<int, 2> ends = {-1, -1};
    (void)!pipe2(ends.data(), O_CLOEXEC);
    return ends;
  }

  Fd events_;
  std::array<int, 2> end_ = MakePipe();
  bool works_ = false;
  std::thread thread_;
};

class ChangingTest : public ProcessReaderTest {
 protected:
  ChangingTest() {
    world_.AddProcess("42", {.pid = 42, .start = 1});
    world_.tree.Write("proc/42/oom_score_adj", "0\n");
  }
  // Reads process 42, of which `change` is made in the middle of each attempt.
  void ReadWhile(std::function<void(int attempt)> change) {
    const Interruption interruption(world_.tree.Path("proc/42/oom_score_adj"), std::move(change));
    if (!interruption.works()) GTEST_SKIP() << "needs fanotify(7) with permission events";
    Read({"42"});
  }
  void BecomeStat(const ProcFiles& process) { world_.tree.Write("proc/42/stat", StatOf(process)); }
};

TEST_F(ChangingTest, ANumberThatWasReusedIsNotTheProcess) {
  ReadWhile([&](int) { BecomeStat({.pid = 42, .start = 2}); });
  if (IsSkipped()) return;
  ExpectNone(snapshot_.counts);
  EXPECT_EQ(snapshot_.counts.vanished, 1U);
}

TEST_F(ChangingTest, OneThatEndsWhileItIsReadHasVanished) {
  ReadWhile([&](int) { world_.tree.Remove("proc/42/stat"); });
  if (IsSkipped()) return;
  ExpectNone(snapshot_.counts);
  EXPECT_EQ(snapshot_.counts.vanished, 1U);
}

TEST_F(ChangingTest, OneThatBecomesAZombieIsOne) {
  ReadWhile([&](int) { BecomeStat({.pid = 42, .state = 'Z', .start = 1}); });
  if (IsSkipped()) return;
  ExpectNone(snapshot_.counts);
  EXPECT_EQ(snapshot_.counts.zombies, 1U);
}

TEST_F(ChangingTest, AnotherProgramIsReadAgainOnce) {
  int attempts = 0;
  ReadWhile([&](int attempt) {
    attempts = attempt;
    world_.tree.Write("proc/42/status", StatusTextOf({.pid = 42, .uid = 1000}));
    BecomeStat({.pid = 42, .start = 1, .image = 1});
  });
  if (IsSkipped()) return;
  EXPECT_EQ(attempts, 2);
  ASSERT_EQ(snapshot_.processes.size(), 1U);
  EXPECT_EQ(snapshot_.processes[0].leader.status->uid.effective, Uid{1000}) << "the new program's";
}

TEST_F(ChangingTest, OneThatNeverHoldsStillIsKept) {
  ReadWhile([&](int attempt) { BecomeStat({.pid = 42, .start = 1, .image = attempt}); });
  if (IsSkipped()) return;
  EXPECT_EQ(snapshot_.counts.vanished, 0U);
  ASSERT_EQ(snapshot_.processes.size(), 1U);
  EXPECT_EQ(snapshot_.processes[0].pid, Pid{42});
}

}  // namespace
}  // namespace hullmark
