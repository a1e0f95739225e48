// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/kept_mounts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill(2) is not in <csignal>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "agent/base/file.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

constexpr NamespaceInode kOne{1};
constexpr NamespaceInode kOther{2};

bool Nothing(NamespaceInode) { return false; }
bool Everything(NamespaceInode) { return true; }

// Keeps our own mount table under some number.
void KeepOwn(KeptMounts& kept, NamespaceInode inode) {
  const Fd self = std::move(OpenDirectory(AT_FDCWD, "/proc/self").value());
  kept.Keep(inode, kept.Open(self.get(), Pid{getpid()}, inode));
}

TEST(KeptMounts, IsUnchangedFromTheNextLookOn) {
  KeptMounts kept(10);
  kept.BeginLook(Nothing);
  KeepOwn(kept, kOne);
  EXPECT_TRUE(kept.IsKept(kOne));
  EXPECT_FALSE(kept.IsUnchanged(kOne)) << "a look that reads the table does not rely on it";
  kept.BeginLook(Nothing);
  EXPECT_TRUE(kept.IsUnchanged(kOne));
  EXPECT_FALSE(kept.IsUnchanged(kOther));
}

TEST(KeptMounts, KeepsNoMoreThanTheMost) {
  KeptMounts kept(1);
  KeepOwn(kept, kOne);
  KeepOwn(kept, kOther);
  KeepOwn(kept, kOne);
  EXPECT_EQ(kept.size(), 1U);
  EXPECT_TRUE(kept.IsKept(kOne));
}

TEST(KeptMounts, LetsGoOfThoseWhoseTurnItIs) {
  KeptMounts kept(10);
  KeepOwn(kept, kOne);
  KeepOwn(kept, kOther);
  kept.BeginLook([](NamespaceInode inode) { return inode == kOne; });
  EXPECT_FALSE(kept.IsKept(kOne));
  EXPECT_TRUE(kept.IsKept(kOther));
}

TEST(KeptMounts, LetsGoOfNamespacesThatNobodyIsIn) {
  KeptMounts kept(10);
  KeepOwn(kept, kOne);
  kept.EndLook(Everything);
  EXPECT_EQ(kept.size(), 1U);
  kept.EndLook(Nothing);
  EXPECT_EQ(kept.size(), 0U);
}

TEST(KeptMounts, LetsGoWhenTheProcessEnds) {
  const pid_t child = fork();
  if (child == 0) {
    while (true) pause();
  }
  KeptMounts kept(10);
  const std::string name = "/proc/" + std::to_string(child);
  const Fd directory = std::move(OpenDirectory(AT_FDCWD, name.c_str()).value());
  kept.Keep(kOne, kept.Open(directory.get(), Pid{child}, kOne));
  kept.LetGo();
  EXPECT_EQ(kept.size(), 1U);
  kill(child, SIGKILL);
  pollfd ended = {.fd = kept.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 30'000), 1);
  kept.LetGo();
  EXPECT_EQ(kept.size(), 0U);
  EXPECT_EQ(poll(&ended, 1, 0), 0) << "it is told once";
  waitpid(child, nullptr, 0);
  kept.Keep(kOther, kept.Open(directory.get(), Pid{child}, kOther));
  EXPECT_EQ(kept.size(), 0U) << "it had ended before";
}

}  // namespace
}  // namespace hullmark
