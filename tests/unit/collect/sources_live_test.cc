// SPDX-License-Identifier: Apache-2.0
// Both sources on this very host. Skipped, with the reason, where BPF is not to be had.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "agent/collect/compare_sources.h"
#include "agent/collect/compare_tasks.h"
#include "agent/encode/text.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// In a user namespace of its own, whose maps have more extents than a record holds.
class ManyExtents {
 public:
  static constexpr std::size_t kExtents = 7;

  ManyExtents() {
    std::array<int, 2> ready = {-1, -1};
    if (pipe(ready.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      const bool done = unshare(CLONE_NEWUSER) == 0;
      (void)!write(ready[1], done ? "y" : "n", 1);
      while (true) pause();
    }
    char told = 'n';
    (void)!read(ready[0], &told, 1);
    for (const int end : ready) close(end);
    mapped_ = told == 'y' && Map("uid_map") && Map("gid_map");
  }
  ManyExtents(const ManyExtents&) = delete;
  ManyExtents& operator=(const ManyExtents&) = delete;
  ~ManyExtents() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  bool mapped() const { return mapped_; }
  Pid pid() const { return Pid{pid_}; }

 private:
  bool Map(const char* name) const {
    std::string lines;
    for (std::size_t at = 0; at < kExtents; ++at) {
      const std::string id = std::to_string(10 * at);
      lines += id + " " + id + " 1\n";
    }
    const int map = open(("/proc/" + std::to_string(pid_) + "/" + name).c_str(), O_WRONLY);
    const bool written =
        write(map, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size());
    close(map);
    return written;
  }

  pid_t pid_ = -1;
  bool mapped_ = false;
};

TEST(LiveSources, ReadAMapOfManyExtentsWhole) {
  const auto roots = OpenRoots({});
  ASSERT_TRUE(roots.has_value());
  Tasks tasks = OpenTasks(*roots, true);
  if (!tasks.records) GTEST_SKIP() << tasks.why_not;
  const ManyExtents owner;
  if (!owner.mapped()) GTEST_SKIP() << "a user namespace cannot be made, or mapped, here";
  auto own_roots = OpenRoots({});
  ASSERT_TRUE(own_roots.has_value());
  Collector collector(std::move(*own_roots), {}, std::move(tasks));
  const auto snapshot = collector.Look({});
  ASSERT_TRUE(snapshot.has_value());
  ASSERT_EQ(snapshot->vantage.source, TaskSource::kBpf) << snapshot->vantage.source_reason;
  const auto process = std::ranges::find(snapshot->processes, owner.pid(), &Process::pid);
  ASSERT_NE(process, snapshot->processes.end());
  const auto inode = process->leader.namespaces[NamespaceKind::kUser];
  ASSERT_TRUE(inode.has_value());
  const auto space = std::ranges::find(snapshot->user_namespaces, *inode, &UserNamespace::inode);
  ASSERT_NE(space, snapshot->user_namespaces.end());
  ASSERT_TRUE(space->uid_map.has_value());
  ASSERT_TRUE(space->gid_map.has_value());
  EXPECT_EQ(space->uid_map->size(), ManyExtents::kExtents);
  EXPECT_EQ(space->gid_map->size(), ManyExtents::kExtents);
}

TEST(LiveSources, TellTheSameOfEveryProcess) {
  const auto roots = OpenRoots({});
  ASSERT_TRUE(roots.has_value());
  const Tasks tasks = OpenTasks(*roots, true);
  if (!tasks.records) GTEST_SKIP() << tasks.why_not;
  const auto compared = CompareSources(*roots, {}, tasks.records);
  ASSERT_TRUE(compared.has_value()) << compared.error().message;
  EXPECT_GT(compared->processes, 2U);
  for (const TaskDifference& one : compared->differences) {
    ADD_FAILURE() << std::to_underlying(one.pid) << " " << one.field << ": bpf "
                  << Printable(one.bpf) << ", proc " << Printable(one.proc);
  }
}

}  // namespace
}  // namespace hullmark
