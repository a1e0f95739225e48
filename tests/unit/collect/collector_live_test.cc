// SPDX-License-Identifier: Apache-2.0
// A Collector on this very host: what its own children do between two looks is seen by the second.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill(2) is not in <csignal>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/collector.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

constexpr int kPatience = 30'000;  // Milliseconds for what happens at once.

// What a process here may do is tried by one.
bool Works(const std::function<bool()>& act) {
  const pid_t pid = fork();
  if (pid == 0) _exit(act() ? 0 : 1);
  int status = -1;
  waitpid(pid, &status, 0);
  return status == 0;
}

// In a chroot(2) nobody can: its root directory need be no mount point, and who enters a mount
// namespace leaves it.
bool CanHaveOwnMounts() {
  return Works([] {
    struct stat before = {};
    struct stat after = {};
    const Fd space(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    return stat("/", &before) == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           setns(space.get(), CLONE_NEWNS) == 0 && stat("/", &after) == 0 &&
           before.st_dev == after.st_dev && before.st_ino == after.st_ino;
  });
}

// A child that does `act` when told to, and then sleeps until its end.
class Child {
 public:
  explicit Child(const std::function<void()>& act = [] {}) {
    std::array<int, 2> down = {};
    std::array<int, 2> up = {};
    EXPECT_EQ(pipe2(down.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(up.data(), O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      char byte = 0;
      if (read(down[0], &byte, 1) != 1) _exit(1);
      act();
      if (write(up[1], "x", 1) != 1) _exit(1);
      while (true) pause();
    }
    tell_ = Fd(down[1]);
    hear_ = Fd(up[0]);
    close(down[0]);
    close(up[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { End(); }

  // Returns when it is done, or has executed another program.
  void Act() const {
    char byte = 0;
    ASSERT_EQ(write(tell_.get(), "x", 1), 1);
    EXPECT_GE(read(hear_.get(), &byte, 1), 0);
  }
  void End() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }

  Pid pid() const { return Pid{pid_}; }
  std::string proc(std::string_view file) const {
    return "/proc/" + std::to_string(pid_) + "/" + std::string(file);
  }

 private:
  pid_t pid_ = -1;
  Fd tell_, hear_;
};

std::string TextOf(const Snapshot& snapshot, const Fact<MembershipIndex>& at) {
  if (!at) return "?";
  std::string text;
  for (const CgroupIndex cgroup : snapshot.At(*at).cgroups) {
    text += std::string(snapshot.Text(snapshot.At(cgroup).path)) + "\n";
  }
  return text;
}

template <typename Index, typename Row>
std::optional<Row> RowOf(const Fact<Index>& index, const std::vector<Row>& table) {
  if (!index) return std::nullopt;
  return table[static_cast<std::size_t>(*index)];
}

// A task by value: the same in another Snapshot if nothing has changed.
auto Described(const Snapshot& snapshot, const Task& task) {
  auto status = task.status;
  std::vector<Gid> groups;
  if (status) {
    groups = snapshot.group_lists[static_cast<std::size_t>(status->groups)];
    status->groups = {};
  }
  std::string label = task.label ? std::string(snapshot.Text(snapshot.At(*task.label).text)) : "?";
  return std::tuple(status, groups, task.namespaces, std::move(label),
                    TextOf(snapshot, task.cgroup));
}

// What is never taken over of a process that has run.
auto Essence(const Snapshot& snapshot, const Process& process) {
  std::vector<decltype(Described(snapshot, process.leader))> threads;
  const auto at = ProcessIndex{static_cast<std::uint32_t>(&process - snapshot.processes.data())};
  for (const Thread& thread : RecordedThreads(snapshot, at)) {
    threads.push_back(Described(snapshot, thread.task));
  }
  return std::tuple(process.stat.start, process.stat.parent, Described(snapshot, process.leader),
                    threads);
}

// All of a process that does nothing.
auto Whole(const Snapshot& snapshot, const Process& process) {
  std::string path = "?";
  std::optional<Executable> executable = RowOf(process.executable, snapshot.executables);
  if (executable) path = snapshot.Text(std::exchange(executable->path, StringId{}));
  return std::tuple(Essence(snapshot, process), path, executable,
                    RowOf(process.rlimits, snapshot.rlimits), RowOf(process.stdio, snapshot.stdios),
                    process.oom_score_adj);
}

const Process* Find(const Snapshot& snapshot, Pid pid) {
  const auto at = std::ranges::lower_bound(snapshot.processes, pid, {}, &Process::pid);
  return at != snapshot.processes.end() && at->pid == pid ? &*at : nullptr;
}

class LiveCollector : public testing::Test {
 protected:
  void SetUp() override {
    auto roots = OpenRoots({});
    if (!roots) GTEST_SKIP() << roots.error().message;
    roots_ = std::move(*roots);
    collector_.emplace(std::move(OpenRoots({}).value()));
    options_.now = Timestamp{1'700'000'000'000'000'000};
  }

  static bool IsRoot() { return geteuid() == 0; }

  Snapshot Look() {
    options_.now = Timestamp{std::to_underlying(options_.now) + 1};
    auto snapshot = collector_->Look(options_);
    EXPECT_TRUE(snapshot.has_value());
    return std::move(*snapshot);
  }

  Roots roots_;
  CollectOptions options_;
  std::optional<Collector> collector_;
};

TEST_F(LiveCollector, AgreesWithALookOfItsOwn) {
  const std::array<Child, 3> children;
  for (const Child& child : children) child.Act();
  Look();
  Snapshot looked;
  Snapshot after;
  // A process that nobody here controls may have a thread for a moment: not in every round.
  std::vector<Pid> different;
  for (int round = 0; round == 0 || (round < 5 && !different.empty()); ++round) {
    different.clear();
    const Snapshot before = Collect(roots_, options_).value();
    looked = Look();
    after = Collect(roots_, options_).value();
    std::size_t compared = 0;
    for (const Process& process : looked.processes) {
      const Process* const was = Find(before, process.pid);
      const Process* const is = Find(after, process.pid);
      if (was == nullptr || is == nullptr || Essence(before, *was) != Essence(after, *is)) continue;
      ++compared;
      if (Essence(looked, process) != Essence(after, *is)) different.push_back(process.pid);
    }
    EXPECT_GE(compared, children.size());
  }
  EXPECT_EQ(different, std::vector<Pid>{});
  for (const Child& child : children) {
    const Process* const taken_over = Find(looked, child.pid());
    ASSERT_NE(taken_over, nullptr);
    EXPECT_EQ(Whole(looked, *taken_over), Whole(after, *Find(after, child.pid())));
  }
  EXPECT_GE(collector_->counts().still, children.size()) << "this kernel does not count runs";
}

TEST_F(LiveCollector, SeesCredentialsThatAreDropped) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  const Child child([] {
    if (setresgid(7, 7, 7) != 0 || setresuid(7, 7, 7) != 0) _exit(1);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  });
  Look();
  child.Act();
  const Snapshot seen = Look();
  const auto& status = Find(seen, child.pid())->leader.status;
  EXPECT_EQ(status->uid.effective, Uid{7});
  EXPECT_TRUE(status->effective.empty());
  EXPECT_EQ(status->no_new_privs, true);
}

TEST_F(LiveCollector, SeesANamespaceThatIsEntered) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  const Child host;
  const Child child([] {
    if (unshare(CLONE_NEWUTS) != 0) _exit(1);
  });
  Look();
  child.Act();
  const Snapshot seen = Look();
  EXPECT_NE(Find(seen, child.pid())->leader.namespaces[NamespaceKind::kUts],
            Find(seen, host.pid())->leader.namespaces[NamespaceKind::kUts]);
}

TEST_F(LiveCollector, SeesAnExec) {
  const Child child([] { execl("/bin/sleep", "sleep", "1000", nullptr); });
  Look();
  child.Act();
  const Snapshot seen = Look();
  const Process* const process = Find(seen, child.pid());
  EXPECT_NE(seen.Text(seen.At(*process->executable).path).find("sleep"), std::string_view::npos)
      << seen.Text(seen.At(*process->executable).path);
}

TEST_F(LiveCollector, SeesAnEndAndABirth) {
  Child child;  // NOLINT(misc-const-correctness): it is ended.
  const Pid pid = child.pid();
  Look();
  child.End();
  const Child born;
  const Snapshot seen = Look();
  EXPECT_EQ(Find(seen, pid), nullptr);
  EXPECT_NE(Find(seen, born.pid()), nullptr);
}

TEST_F(LiveCollector, SeesAThreadThatChangesAlone) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  std::array<int, 2> go = {};
  std::array<int, 2> done = {};
  ASSERT_EQ(pipe2(go.data(), O_CLOEXEC) + pipe2(done.data(), O_CLOEXEC), 0);
  const std::array<Fd, 4> ends = {Fd(go[0]), Fd(go[1]), Fd(done[0]), Fd(done[1])};
  const Child child([go, done] {
    std::thread([go, done] {
      char byte = 0;
      if (read(go[0], &byte, 1) != 1) _exit(1);
      __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
      const std::array<__user_cap_data_struct, 2> none = {};
      syscall(SYS_capset, &header, none.data());
      if (write(done[1], "x", 1) != 1) _exit(1);
      while (true) pause();
    }).detach();
  });
  child.Act();
  Look();
  const auto threads_of = [&](const Snapshot& snapshot) {
    const auto at = Find(snapshot, child.pid()) - snapshot.processes.data();
    return RecordedThreads(snapshot, ProcessIndex{static_cast<std::uint32_t>(at)});
  };
  const Snapshot same = Look();
  EXPECT_EQ(Find(same, child.pid())->leader.status->threads, 2U);
  EXPECT_TRUE(threads_of(same).empty());
  char byte = 0;
  ASSERT_EQ(write(go[1], "x", 1), 1);
  ASSERT_EQ(read(done[0], &byte, 1), 1);
  for (int look = 0; look < 2; ++look) {  // Read first, and taken over then.
    const Snapshot seen = Look();
    ASSERT_EQ(threads_of(seen).size(), 1U);
    EXPECT_TRUE(threads_of(seen).front().task.status->effective.empty());
    EXPECT_TRUE(threads_of(seen).front().task.cgroup.has_value());
  }
}

TEST_F(LiveCollector, SeesAMapThatIsWrittenLate) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  if (!Works([] { return unshare(CLONE_NEWUSER) == 0; })) {
    GTEST_SKIP() << "no user namespace can be made here";
  }
  const Child child([] {
    if (unshare(CLONE_NEWUSER) != 0) _exit(1);
  });
  child.Act();
  const auto map_of = [&](const Snapshot& snapshot) {
    const auto inode = Find(snapshot, child.pid())->leader.namespaces[NamespaceKind::kUser];
    return FindUserNamespace(snapshot, *inode)->uid_map;
  };
  Look();
  EXPECT_EQ(map_of(Look()), IdMap{});
  const IdMap expected = {{.inside = 0, .outside = 1000, .count = 5}};
  std::ofstream(child.proc("uid_map")) << "0 1000 5";
  EXPECT_EQ(map_of(Look()), expected);
  EXPECT_EQ(map_of(Look()), expected);
}

TEST_F(LiveCollector, SeesAMoveToAnotherCgroup) {
  const std::string top = std::filesystem::exists("/sys/fs/cgroup/pids/cgroup.procs")
                              ? "/sys/fs/cgroup/pids"
                              : "/sys/fs/cgroup";
  const std::string cgroup = top + "/hullmark-test-" + std::to_string(getpid());
  if (mkdir(cgroup.c_str(), 0755) != 0) GTEST_SKIP() << "no cgroup can be made here";
  {
    const Child child;
    Look();
    std::ofstream(cgroup + "/cgroup.procs") << std::to_underlying(child.pid()) << std::flush;
    const Snapshot seen = Look();
    EXPECT_NE(TextOf(seen, Find(seen, child.pid())->leader.cgroup).find("hullmark-test-"),
              std::string::npos);
  }
  EXPECT_EQ(rmdir(cgroup.c_str()), 0) << "something keeps it";
}

// A process in a mount namespace of its own with a tmpfs in it.
class OwnMounts {
 public:
  explicit OwnMounts(const TempTree& tree)
      : place_(tree.Path("mounted")), child_([place = place_] {
          if (unshare(CLONE_NEWNS) != 0) _exit(1);
          if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(1);
          if (mount("none", place.c_str(), "tmpfs", 0, nullptr) != 0) _exit(1);
        }) {
    std::filesystem::create_directories(place_);
    child_.Act();
  }

  Child& child() { return child_; }
  // Its tmpfs as we can reach it.
  std::string Inside() const { return child_.proc("root") + place_; }

  bool ShownIn(const Snapshot& snapshot, std::string_view mount_point) const {
    const auto inode = Find(snapshot, child_.pid())->leader.namespaces[NamespaceKind::kMnt];
    const MountNamespace* const space = FindMountNamespace(snapshot, *inode);
    return std::ranges::any_of(*space->mounts, [&](const Mount& mount) {
      return snapshot.Text(mount.mount_point) == mount_point;
    });
  }
  const std::string& place() const { return place_; }

 private:
  std::string place_;
  Child child_;
};

TEST_F(LiveCollector, SeesAMountInANamespaceWhoseTableIsKept) {
  if (!CanHaveOwnMounts()) GTEST_SKIP() << "needs root, and no chroot";
  const TempTree tree;
  const OwnMounts own(tree);
  Look();
  Look();  // Kept from here on.
  EXPECT_GE(collector_->kept_mount_namespaces(), 1U);
  EXPECT_TRUE(own.ShownIn(Look(), own.place()));
  // NOLINTNEXTLINE(misc-const-correctness): it is ended.
  Child entered([&] {
    const Fd space(open((own.Inside().substr(0, own.Inside().find("/root")) + "/ns/mnt").c_str(),
                        O_RDONLY | O_CLOEXEC));
    if (setns(space.get(), CLONE_NEWNS) != 0) _exit(1);
    if (umount(own.place().c_str()) != 0) _exit(1);
  });
  entered.Act();
  entered.End();
  EXPECT_FALSE(own.ShownIn(Look(), own.place()));
}

// IN_UNMOUNT comes when the file system itself is gone, see inotify(7); a watch keeps nothing.
bool IsGone(const Fd& watch, int patience) {
  pollfd wanted = {.fd = watch.get(), .events = POLLIN, .revents = 0};
  while (poll(&wanted, 1, patience) > 0) {
    alignas(inotify_event) std::array<char, 4'096> events = {};
    const ssize_t got = read(watch.get(), events.data(), events.size());
    for (ssize_t at = 0; at < got;) {
      inotify_event event = {};
      std::memcpy(&event, events.data() + at, sizeof event);
      if ((event.mask & IN_UNMOUNT) != 0) return true;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return false;
}

TEST_F(LiveCollector, LetsGoOfTheMountsOfWhatHasEnded) {
  if (!CanHaveOwnMounts()) GTEST_SKIP() << "needs root, and no chroot";
  const TempTree tree;
  OwnMounts own(tree);
  const Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(inotify_add_watch(watch.get(), own.Inside().c_str(), IN_CREATE), 0);
  Look();
  Look();
  const std::size_t kept = collector_->kept_mount_namespaces();
  ASSERT_GE(kept, 1U);
  own.child().End();
  EXPECT_FALSE(IsGone(watch, 0)) << "nothing was kept: this test tests nothing";
  pollfd ended = {.fd = collector_->fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&ended, 1, kPatience), 1);
  collector_->LetGo();
  EXPECT_LT(collector_->kept_mount_namespaces(), kept);
  EXPECT_TRUE(IsGone(watch, kPatience)) << "the file system is still held";
}

TEST_F(LiveCollector, ALookLetsGoToo) {
  if (!CanHaveOwnMounts()) GTEST_SKIP() << "needs root, and no chroot";
  const TempTree tree;
  OwnMounts own(tree);
  const Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(inotify_add_watch(watch.get(), own.Inside().c_str(), IN_CREATE), 0);
  Look();
  Look();
  own.child().End();
  Look();
  EXPECT_TRUE(IsGone(watch, kPatience));
}

}  // namespace
}  // namespace hullmark
