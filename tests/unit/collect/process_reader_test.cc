// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/process_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/prctl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/membership.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

namespace fs = std::filesystem;

// Reads processes of the procfs below `proc` as one scan does.
class Scan {
 public:
  explicit Scan(const fs::path& proc, const fs::path& cgroup = "/") {
    roots_.proc = Open(proc);
    roots_.sys = Open(proc);
    roots_.cgroup = Open(cgroup);
    roots_.plain = true;
  }

  Snapshot Read(const std::vector<std::string>& names) {
    ReadBuffer buffer(options.most_file_bytes);
    Memberships memberships(roots_, snapshot_, buffer);
    ProcessReader reader(roots_, options, snapshot_, memberships, buffer);
    for (const std::string& name : names) reader.Read(name);
    return std::move(snapshot_);
  }

  CollectOptions options;

 private:
  static Fd Open(const fs::path& path) {
    return std::move(OpenDirectory(AT_FDCWD, path.c_str()).value());
  }

  Roots roots_;
  Snapshot snapshot_;
};

// A procfs of plain files.
class ProcTree : public testing::Test {
 protected:
  ProcTree() {
    std::string pattern = (fs::temp_directory_path() / "hullmark-proc-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
  }
  ~ProcTree() override { fs::remove_all(top_); }

  void Write(const std::string& path, std::string_view text) {
    fs::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path) << text;
  }

  void Link(const std::string& path, std::string_view target) {
    fs::create_directories((top_ / path).parent_path());
    fs::create_symlink(target, top_ / path);
  }

  void AddStat(const std::string& place, char state, int threads) {
    std::string text = "7 (app) ";
    text += state;
    text += " 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 " + std::to_string(threads) +
            " 0 5 0 0 0 1 2 3\n";
    Write(place + "/stat", text);
  }

  // A task of the mount namespace `mounts`.
  void AddTask(const std::string& place, int threads, int mounts = 1, char state = 'S') {
    AddStat(place, state, threads);
    Write(place + "/status",
          "Name:\tapp\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \nNStgid:\t7\nNSpid:\t7\n"
          "Threads:\t" +
              std::to_string(threads) +
              "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
              "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n");
    Write(place + "/cgroup", "0::/a\n");
    Link(place + "/ns/mnt", "mnt:[" + std::to_string(mounts) + "]");
  }

  fs::path top_;
};

ProcessDraft DraftOf(std::uint32_t executable) {
  ProcessDraft draft;
  draft.process.leader.status = ProcStatus{};
  draft.process.leader.namespaces.Set(NamespaceKind::kMnt, NamespaceInode{9});
  draft.process.leader.cgroup = MembershipIndex{3};
  draft.process.executable = ExecutableIndex{executable};
  return draft;
}

TEST(KeepAgreed, KeepsWhatBothAttemptsReadAlike) {
  const ProcessDraft former = DraftOf(1);
  ProcessDraft last = DraftOf(2);
  last.process.oom_score_adj = Missing(ErrorCode::kDenied);
  KeepAgreed(former, last);
  EXPECT_TRUE(last.process.leader.status);
  EXPECT_EQ(last.process.executable, Missing(ErrorCode::kVanished));
  EXPECT_EQ(last.process.oom_score_adj, Missing(ErrorCode::kDenied));
  EXPECT_EQ(last.process.leader.namespaces[NamespaceKind::kMnt], NamespaceInode{9});
  EXPECT_EQ(last.process.leader.cgroup, MembershipIndex{3});
}

TEST(KeepAgreed, ThreadsThatOneAttemptSawAreUnread) {
  ProcessDraft former = DraftOf(1);
  ProcessDraft last = DraftOf(1);
  Thread thread;
  thread.tid = Pid{8};
  thread.task = former.process.leader;
  former.threads = {thread};
  last.threads = {thread, thread};
  last.threads.back().tid = Pid{9};
  KeepAgreed(former, last);
  ASSERT_EQ(last.threads.size(), 1U);
  EXPECT_EQ(last.threads.front().tid, Pid{8});
  EXPECT_EQ(last.process.threads_unread, 1U);
}

TEST_F(ProcTree, ALivingThreadStandsForItsLeader) {
  AddStat("7", 'Z', 2);
  AddStat("7/task/7", 'Z', 2);
  AddTask("7/task/8", 2);
  const Snapshot snapshot = Scan(top_).Read({"7"});
  ASSERT_EQ(snapshot.processes.size(), 1U);
  EXPECT_EQ(snapshot.counts.zombies, 0U);
  EXPECT_TRUE(snapshot.processes.front().leader.status);
}

TEST_F(ProcTree, WithoutALivingThreadItIsAZombie) {
  AddStat("7", 'Z', 2);
  AddStat("7/task/7", 'Z', 2);
  AddStat("7/task/8", 'X', 2);
  const Snapshot snapshot = Scan(top_).Read({"7"});
  EXPECT_TRUE(snapshot.processes.empty());
  EXPECT_EQ(snapshot.counts.zombies, 1U);
}

// Threads that cannot be looked at may live.
TEST_F(ProcTree, AZombieWithUnreadableThreadsIsKept) {
  AddStat("7", 'Z', 2);
  AddStat("7/task/7", 'Z', 2);
  fs::create_directories(top_ / "7/task/8");
  const Snapshot snapshot = Scan(top_).Read({"7"});
  ASSERT_EQ(snapshot.processes.size(), 1U);
  EXPECT_EQ(snapshot.counts.vanished, 0U);
  const Task& leader = snapshot.processes.front().leader;
  EXPECT_EQ(leader.status, Missing(ErrorCode::kVanished));
  EXPECT_EQ(leader.namespaces[NamespaceKind::kMnt], Missing(ErrorCode::kVanished));
}

TEST_F(ProcTree, AThreadThatEndsWhileItIsReadIsNone) {
  AddTask("7", 4);
  AddTask("7/task/8", 4);
  AddTask("7/task/9", 4);
  AddTask("7/task/10", 4, 2);
  fs::remove_all(top_ / "7/task/8/ns");
  AddStat("7/task/8", 'X', 4);
  fs::remove_all(top_ / "7/task/9/ns");
  const Snapshot snapshot = Scan(top_).Read({"7"});
  ASSERT_EQ(snapshot.threads.size(), 2U);
  EXPECT_EQ(snapshot.threads[0].tid, Pid{10});  // In another mount namespace.
  EXPECT_EQ(snapshot.threads[1].tid, Pid{9});   // Lives, and cannot be read.
}

// One thread that differs is found among more than are accepted; the rest counts as unread.
TEST_F(ProcTree, ReadsAsManyThreadsAsItAccepts) {
  AddTask("7", 6);
  for (const char* const thread : {"7", "8", "9"}) {
    AddTask(std::string("7/task/") + thread, 6, 2);
  }
  Scan scan(top_);
  scan.options.most_threads = 2;
  const Snapshot snapshot = scan.Read({"7"});
  EXPECT_FALSE(snapshot.threads.empty());
  ASSERT_EQ(snapshot.processes.size(), 1U);
  EXPECT_EQ(snapshot.processes.front().threads_unread, 4U);
}

TEST_F(ProcTree, WhatIsGoneIsCounted) { EXPECT_EQ(Scan(top_).Read({"7"}).counts.vanished, 1U); }

class MountTables : public ProcTree {
 protected:
  // A process of the mount namespace 1 that looks from the directory `root` of the host.
  void AddProcess(const std::string& pid, const std::string& root, std::string_view table) {
    AddTask(pid, 1);
    Write(pid + "/mountinfo", table);
    Write(pid + "/root.statx", "0:9 " + std::to_string(std::hash<std::string>{}(root)) + " 2 1\n");
  }

  // Mount ids that no root directory lies on.
  const std::string whole_ =
      "4000001 4000000 0:40 / / rw - overlay overlay rw\n"
      "4000002 4000001 8:1 / /hostfs rw - ext4 /dev/sda1 rw\n"
      "4000003 4000001 0:41 / /data rw - tmpfs tmpfs rw\n";
  const std::string data_ = "4000003 4000001 0:41 / / rw - tmpfs tmpfs rw\n";
  const std::string hostfs_ = "4000002 4000001 8:1 / / rw - ext4 /dev/sda1 rw\n";
};

TEST_F(MountTables, OneRootShowsTheWhole) {
  AddProcess("7", "top", whole_);
  AddProcess("8", "top", whole_);
  const Snapshot snapshot = Scan(top_).Read({"7", "8"});
  ASSERT_EQ(snapshot.mount_namespaces.size(), 1U);
  EXPECT_EQ(snapshot.mount_namespaces.front().mounts->size(), 3U);
  EXPECT_FALSE(snapshot.mount_namespaces.front().rootless_table);
}

// A chroot onto a mount point has a "/" in its table, and is not the namespace's for that.
TEST_F(MountTables, WhoseRootIsAboveTheOthersShowsTheWhole) {
  AddProcess("7", "data", data_);
  AddProcess("8", "top", whole_);
  AddProcess("9", "hostfs", hostfs_);
  for (const auto& order : {std::vector<std::string>{"7", "8", "9"}, {"8", "7", "9"}}) {
    const Snapshot snapshot = Scan(top_).Read(order);
    EXPECT_EQ(snapshot.mount_namespaces.front().mounts->size(), 3U) << order.front();
    EXPECT_FALSE(snapshot.mount_namespaces.front().rootless_table) << order.front();
  }
  const Snapshot late = Scan(top_).Read({"7", "9", "8"});
  EXPECT_EQ(late.mount_namespaces.front().mounts->size(), 3U);
  EXPECT_FALSE(late.mount_namespaces.front().rootless_table);
}

TEST_F(MountTables, TwoRootsBesideEachOtherShowNotTheWhole) {
  AddProcess("7", "data", data_);
  AddProcess("8", "hostfs", hostfs_);
  const Snapshot snapshot = Scan(top_).Read({"7", "8"});
  EXPECT_TRUE(snapshot.mount_namespaces.front().mounts);
  EXPECT_TRUE(snapshot.mount_namespaces.front().rootless_table);
}

TEST_F(MountTables, AnEmptyTableIsReplaced) {
  AddProcess("7", "jail", "");
  EXPECT_TRUE(Scan(top_).Read({"7"}).mount_namespaces.front().rootless_table);
  AddProcess("8", "top", whole_);
  EXPECT_FALSE(Scan(top_).Read({"7", "8"}).mount_namespaces.front().rootless_table);
}

// Moves the start of its program without end, as an exec loop does.
[[noreturn]] void MoveImage(int ready) {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::uint64_t> fields(3);
  text.erase(0, text.rfind(')') + 4);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    fields.push_back(strtoull(text.substr(at, end - at).c_str(), nullptr, 10));
    at = end + 1;
  }
  prctl_mm_map map = {};
  map.start_code = fields.at(25);
  map.end_code = fields.at(26);
  map.start_stack = fields.at(27);
  map.start_data = fields.at(44);
  map.end_data = fields.at(45);
  map.start_brk = fields.at(46);
  map.brk = reinterpret_cast<std::uint64_t>(sbrk(0));
  map.arg_start = fields.at(47);
  map.arg_end = fields.at(48);
  map.env_start = fields.at(49);
  map.env_end = fields.at(50);
  map.exe_fd = static_cast<std::uint32_t>(-1);
  const auto first = map.start_code;
  for (std::uint64_t turn = 0;; ++turn) {
    map.start_code = first + turn % 1000;
    const bool moved =
        prctl(PR_SET_MM, PR_SET_MM_MAP, reinterpret_cast<std::uint64_t>(&map), sizeof map, 0) == 0;
    if (turn == 0 && (write(ready, moved ? "y" : "n", 1) != 1 || !moved)) _exit(1);
  }
}

TEST(ProcessReader, KeepsWhatChangesItsProgramWithoutEnd) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const Fd from(ends[0]);
  const Fd to(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    MoveImage(to.get());
  }
  ASSERT_GT(child, 0);
  char moves = 'n';
  ASSERT_EQ(read(from.get(), &moves, 1), 1);
  if (moves == 'y') {
    constexpr std::size_t kReads = 20;
    const std::string name = std::to_string(child);
    const Snapshot snapshot = Scan("/proc").Read(std::vector(kReads, name));
    EXPECT_EQ(snapshot.counts.vanished, 0U);
    ASSERT_EQ(snapshot.processes.size(), kReads);
    EXPECT_EQ(snapshot.processes.front().pid, Pid{child});
    EXPECT_TRUE(snapshot.processes.front().leader.namespaces[NamespaceKind::kMnt]);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (moves != 'y') GTEST_SKIP() << "this kernel moves no program addresses";
}

}  // namespace
}  // namespace hullmark
