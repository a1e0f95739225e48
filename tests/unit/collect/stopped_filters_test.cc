// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/stopped_filters.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <vector>

#include "agent/bpf/filter_memory.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"

namespace hullmark {
namespace {

std::array<sock_filter, 2> Program(std::uint32_t constant) {
  return {{{.code = BPF_LD | BPF_IMM, .jt = 0, .jf = 0, .k = constant},
           {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW}}};
}

FilterCode Code(std::uint32_t constant) {
  return {ToNumber({.code = BPF_LD | BPF_IMM, .constant = constant}),
          ToNumber({.code = BPF_RET | BPF_K, .constant = SECCOMP_RET_ALLOW})};
}

// A child that installs two filters and waits to be killed.
class Filtered {
 public:
  Filtered() {
    std::array<int, 2> ready = {};
    if (pipe(ready.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
      for (const std::uint32_t constant : {1U, 2U}) {
        auto program = Program(constant);
        const sock_fprog filter = {.len = program.size(), .filter = program.data()};
        good = good && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
      }
      if (!good || write(ready[1], "", 1) != 1) _exit(1);
      while (true) pause();
    }
    char byte = 0;
    close(ready[1]);
    installed_ = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
  }
  Filtered(const Filtered&) = delete;
  Filtered& operator=(const Filtered&) = delete;
  ~Filtered() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  Pid pid() const { return Pid{pid_}; }
  bool installed() const { return installed_; }

 private:
  pid_t pid_ = -1;
  bool installed_ = false;
};

TEST(AskByStopping, TellsTheNewestFirstAndLetsGo) {
  const Filtered child;
  ASSERT_TRUE(child.installed());
  for (int time = 0; time < 2; ++time) {  // A task that was not let go of cannot be asked again.
    const auto filters = AskByStopping(child.pid());
    if (!filters && filters.error().code == ErrorCode::kDenied) {
      GTEST_SKIP() << filters.error().message;
    }
    ASSERT_TRUE(filters) << filters.error().message;
    EXPECT_EQ(*filters, (std::vector{Code(2), Code(1)}));
  }
}

TEST(AskByStopping, SaysThatThereIsNobody) {
  const auto filters = AskByStopping(Pid{0x3fffffff});
  ASSERT_FALSE(filters);
  EXPECT_EQ(filters.error().code, ErrorCode::kVanished);
}

}  // namespace
}  // namespace hullmark
