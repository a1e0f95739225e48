// SPDX-License-Identifier: Apache-2.0
#include "agent/confine/privileges.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

namespace hullmark {
namespace {

bool Says(const std::string& status, const std::string& line) {
  return status.find("\n" + line + "\n") != std::string::npos;
}

// 0, or the number of the first thing that is wrong.
int WhatIsLeft() {
  std::ifstream file("/proc/self/status");  // Where / is root's alone, others do not get there.
  if (!DropPrivileges("hullmark-no-such-user")) return 1;
  if (geteuid() == 0 || getuid() == 0 || getegid() == 0) return 2;
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    if (!Says(status, std::string(set) + ":\t0000000000000000")) return 3;
  }
  if (!Says(status, "NoNewPrivs:\t1")) return 4;
  if (setuid(0) == 0) return 5;
  return 0;
}

bool WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

constexpr int kNoNamespaces = 77;

// As WhatIsLeft, where root is the only user that there is (`unshare -r`).
int WhatIsLeftInUserNamespace() {
  const std::string uids = "0 " + std::to_string(geteuid()) + " 1";
  const std::string gids = "0 " + std::to_string(getegid()) + " 1";
  if (unshare(CLONE_NEWUSER) != 0) return kNoNamespaces;
  if (!WriteText("/proc/self/setgroups", "deny") || !WriteText("/proc/self/uid_map", uids) ||
      !WriteText("/proc/self/gid_map", gids)) {
    return kNoNamespaces;
  }
  const auto dropped = DropPrivileges("hullmark-no-such-user");
  if (!dropped) return 1;
  if (!dropped->ends_with("kept in this user namespace: groups gid uid")) return 2;
  std::ifstream file("/proc/self/status");
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    if (!Says(status, std::string(set) + ":\t0000000000000000")) return 3;
  }
  return Says(status, "NoNewPrivs:\t1") ? 0 : 4;
}

TEST(Privileges, IdsThatANamespaceDoesNotLetGoOfAreKept) {
  const pid_t child = fork();
  if (child == 0) _exit(WhatIsLeftInUserNamespace());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoNamespaces) GTEST_SKIP() << "no user namespace can be made here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Privileges, NothingIsLeft) {
  const pid_t child = fork();
  if (child == 0) _exit(WhatIsLeft());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace hullmark
