// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_look.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "agent/collect/exec_reader.h"
#include "agent/enforce/reflex.h"
#include "agent/parse/proc_cgroup.h"
#include "agent/parse/proc_stat.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "tests/unit/temp_tree.h"

namespace hullmark {
namespace {

// This very process is the container's init and the offender.
class OwnProcess : public testing::Test {
 protected:
  OwnProcess() {
    const auto line = ParseProcCgroup(cgroup_).value().front();
    struct stat folder = {};
    EXPECT_EQ(stat(tree_.Path(".").c_str(), &folder), 0);
    reflex_ = {.place = {.directory = tree_.Path("."), .inode = folder.st_ino},
               .path = std::string(line.path),
               .hierarchies = {std::string(line.controllers)}};
    action_.target = {.life = {.id = "c", .init = Pid{getpid()}, .started = Started()},
                      .process = Pid{getpid()},
                      .process_started = Started()};
  }

  static BootTicks Started() {
    ReadBuffer buffer(kMost);
    return ParseProcStat(buffer.Read(AT_FDCWD, "/proc/self/stat").value()).value().facts.start;
  }
  Result<TaskEvent> Look() {
    ProcessLook look(OpenDirectory(AT_FDCWD, "/proc").value());
    return look.Read(reflex_, action_);
  }
  std::string WhyNot() {
    const auto event = Look();
    return event ? "" : event.error().message;
  }

  static constexpr std::size_t kMost = 65'536;
  TempTree tree_;
  ReadBuffer buffer_{kMost};
  const std::string cgroup_{buffer_.Read(AT_FDCWD, "/proc/self/cgroup").value()};
  Reflex reflex_;
  Action action_;
};

TEST_F(OwnProcess, IsAsItWas) {
  const auto event = Look();
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->turn.tgid, getpid());
  EXPECT_EQ(event->task.euid, geteuid());
}

TEST_F(OwnProcess, IsNotInAnotherCgroup) {
  reflex_.path += "/below";
  EXPECT_EQ(WhyNot(), "the process is not in the container's cgroup");
}

TEST_F(OwnProcess, IsNotInAnotherHierarchy) {
  reflex_.hierarchies.emplace_back("x");
  EXPECT_EQ(WhyNot(), "the process is not in the container's cgroup");
}

TEST_F(OwnProcess, IsNotInACgroupOfTheSameName) {
  ++reflex_.place.inode;
  EXPECT_EQ(WhyNot(), "its cgroup is another one");
}

TEST_F(OwnProcess, IsNotOfAnotherLife) {
  action_.target.life.started = BootTicks{1};
  EXPECT_EQ(WhyNot(), "its container is gone");
}

TEST_F(OwnProcess, IsNotTheOneBeforeIt) {
  action_.target.process_started = BootTicks{1};
  const auto event = Look();
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::kVanished);
}

// Who was looked at before is not taken for who is there now, nor for who is meant next.
TEST_F(OwnProcess, HasEndedSinceItWasLookedAt) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(1);
  }
  ReadBuffer buffer(kMost);
  const std::string file = "/proc/" + std::to_string(child) + "/stat";
  const Action own = action_;
  action_.target.process = Pid{child};
  action_.target.process_started =
      ParseProcStat(buffer.Read(AT_FDCWD, file.c_str()).value()).value().facts.start;
  ProcessLook look(OpenDirectory(AT_FDCWD, "/proc").value());
  EXPECT_TRUE(look.Read(reflex_, action_));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto gone = look.Read(reflex_, action_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kVanished);
  const auto next = look.Read(reflex_, own);
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->turn.tgid, getpid());
}

// A descriptor that is held means nobody but the one that it was opened for.
TEST_F(OwnProcess, IsNotTheOneThatIsHeld) {
  ProcessLook look(OpenDirectory(AT_FDCWD, "/proc").value());
  ASSERT_TRUE(look.Read(reflex_, action_));
  Action another = action_;
  another.target.process_started = BootTicks{1};
  EXPECT_EQ(look.Read(reflex_, another).error().code, ErrorCode::kVanished);
  another = action_;
  another.target.life.started = BootTicks{1};
  EXPECT_EQ(look.Read(reflex_, another).error().message, "its container is gone");
  EXPECT_TRUE(look.Read(reflex_, action_));
}

// For a look: it has not ended.
TEST_F(OwnProcess, CannotBeHeldForWantOfDescriptors) {
  ProcessLook look(OpenDirectory(AT_FDCWD, "/proc").value());
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto event = look.Read(reflex_, action_);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().code, ErrorCode::kVanished);
}

TEST_F(OwnProcess, IsReadByRecordsWhileTheyAreWanted) {
  int opened = 0;
  int asked = 0;
  ProcessLook look(OpenDirectory(AT_FDCWD, "/proc").value(), [&] {
    ++opened;
    return Result<ExecReader::ReadRecord>([&](Pid) -> Result<TaskRecord> {
      ++asked;
      TaskRecord record{};
      record.known = kKnowsNamespaces | kKnowsImage;
      record.euid = 4711;
      return record;
    });
  });
  for (int times = 0; times < 2; ++times) look.UseRecords(true);
  EXPECT_EQ(opened, 1);
  const auto by_record = look.Read(reflex_, action_);
  ASSERT_TRUE(by_record) << by_record.error().message;
  EXPECT_EQ(by_record->task.euid, 4711U);
  look.UseRecords(false);
  asked = 0;
  const auto by_files = look.Read(reflex_, action_);
  ASSERT_TRUE(by_files) << by_files.error().message;
  EXPECT_EQ(by_files->task.euid, geteuid());
  EXPECT_EQ(asked, 0);
}

// A program of the host's, by its name; in a container anybody may be called so.
TEST_F(OwnProcess, IsSparedIfTheHostIsLostWithoutIt) {
  const std::string program = tree_.Path("sudo");
  std::filesystem::copy_file("/bin/sleep", program);
  const pid_t child = fork();
  if (child == 0) {
    execl(program.c_str(), "sleep", "60", nullptr);
    _exit(1);
  }
  const auto names_it = [&] {
    ReadBuffer buffer(kMost);
    const std::string file = "/proc/" + std::to_string(child) + "/exe";
    const auto link = buffer.ReadLink(AT_FDCWD, file.c_str());
    return link && link->ends_with("/sudo");
  };
  for (int tries = 0; !names_it(); ++tries) {
    ASSERT_LT(tries, 20'000) << "it does not execute";
    usleep(1'000);
  }
  ReadBuffer buffer(kMost);
  const std::string file = "/proc/" + std::to_string(child) + "/stat";
  action_.target.process = Pid{child};
  action_.target.process_started =
      ParseProcStat(buffer.Read(AT_FDCWD, file.c_str()).value()).value().facts.start;
  EXPECT_EQ(WhyNot(), "");
  reflex_.runs_host_files = true;
  EXPECT_EQ(WhyNot(), "the process is one that the host is lost without");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace hullmark
