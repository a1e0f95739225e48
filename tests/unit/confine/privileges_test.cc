// SPDX-License-Identifier: Apache-2.0
#include "agent/confine/privileges.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace hullmark {
namespace {

bool Says(const std::string& status, const std::string& line) {
  return status.find("\n" + line + "\n") != std::string::npos;
}

// 0, or the number of the first thing that is wrong.
int WhatIsLeft() {
  if (!DropPrivileges("hullmark-no-such-user")) return 1;
  if (geteuid() == 0 || getuid() == 0 || getegid() == 0) return 2;
  std::ifstream file("/proc/self/status");
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    if (!Says(status, std::string(set) + ":\t0000000000000000")) return 3;
  }
  if (!Says(status, "NoNewPrivs:\t1")) return 4;
  if (setuid(0) == 0) return 5;
  return 0;
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
