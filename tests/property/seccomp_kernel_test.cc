// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/program.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"
#include "tests/property/random_filter.h"

// The kernel that runs is asked: children install filters and make calls that do nothing.
namespace hullmark::testing {
namespace {

using Program = std::vector<FilterInstruction>;

// They take no arguments, so that any may be given.
const std::vector<std::string>& HarmlessCalls() {
  static const std::vector<std::string> kCalls = {"getpid", "getppid", "getuid", "geteuid",
                                                  "getgid", "getegid", "gettid", "sched_yield"};
  return kCalls;
}

// What a child tells by memory that it shares: behind a filter it may be able to do nothing else.
struct Told {
  bool installed = false;
  int refusal = 0;  // errno of the installation.
  bool called = false;
  long result = 0;
  int error_number = 0;
};

class Child {
 public:
  Child()
      : told_(static_cast<Told*>(mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { munmap(told_, sizeof(Told)); }

  // The signal that ended it.
  int Run(std::span<const Program> oldest_first, const FilterInput& input) {
    *told_ = {};
    const pid_t child = fork();
    if (child == 0) {
      Live(oldest_first, input);
      End();
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  const Told& told() const { return *told_; }

 private:
  // Ends the child without a system call, which a filter could refuse. That it does not return is
  // not told: a sanitizer would make calls of its own first.
  static void End() {
#if defined(__x86_64__)
    asm volatile("ud2");
#else
    asm volatile("udf #0");
#endif
  }

  void Live(std::span<const Program> programs, const FilterInput& input) {
    signal(SIGSYS, SIG_DFL);
    signal(SIGILL, SIG_DFL);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    told_->installed =
        std::ranges::all_of(programs, [&](const Program& each) { return Install(each); });
    if (told_->installed) Call(input);
  }

  bool Install(const Program& program) {
    const sock_fprog filter = {
        .len = static_cast<unsigned short>(program.size()),
        // The kernel only reads it.
        .filter = reinterpret_cast<sock_filter*>(const_cast<FilterInstruction*>(program.data()))};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return true;
    told_->refusal = errno;
    return false;
  }

  void Call(const FilterInput& input) {
    const auto argument = [&](int at) {
      return static_cast<long>(std::uint64_t{input.words[FilterInput::PlaceOf(HighWord(at))]}
                                   << 32U |
                               input.words[FilterInput::PlaceOf(LowWord(at))]);
    };
    errno = 0;
    told_->result = syscall(static_cast<long>(input.words[FilterInput::kNumber]), argument(0),
                            argument(1), argument(2), argument(3), argument(4), argument(5));
    told_->error_number = errno;
    told_->called = true;
  }

  Told* told_;
};

bool CanInstall() {
  Child child;
  child.Run(std::array{Program{{.code = BPF_RET | BPF_K, .constant = SECCOMP_RET_ALLOW}}}, {});
  return child.told().installed;
}

#define SKIP_WITHOUT_SECCOMP() \
  if (!CanInstall()) GTEST_SKIP() << "seccomp(2) cannot be used here"

// A filter that lets the next one be installed.
Program LettingOthersIn(const Program& program) {
  Program all = {{.code = BPF_LD | BPF_W | BPF_ABS, .constant = 0},
                 {.code = BPF_JMP | BPF_JEQ | BPF_K, .jump_false = 1, .constant = SYS_seccomp},
                 {.code = BPF_RET | BPF_K, .constant = SECCOMP_RET_ALLOW}};
  all.insert(all.end(), program.begin(), program.end());
  // Where a call comes from is not ours to choose.
  for (FilterInstruction& it : all) {
    if (it.code == (BPF_LD | BPF_W | BPF_ABS) && (it.constant == 8 || it.constant == 12))
      it.constant = 16;
  }
  return all;
}

void ExpectAnswer(std::uint32_t answer, int signal, const Told& told) {
  ASSERT_TRUE(told.installed) << told.refusal;
  const FilterAction action = ActionOf(answer);
  const bool ends = action <= FilterAction::kTrap;
  ASSERT_EQ(signal, ends ? SIGSYS : SIGILL) << ToText(answer);
  ASSERT_EQ(told.called, !ends) << ToText(answer);
  int wanted = 0;
  if (action == FilterAction::kErrno)
    wanted = static_cast<int>(std::min(answer & SECCOMP_RET_DATA, 4095U));
  if (action == FilterAction::kTrace) wanted = ENOSYS;  // There is no tracer.
  ASSERT_EQ(told.error_number, wanted) << ToText(answer);
}

FilterInput AnyHarmlessCall(Random& random, const RequestedFilter& filter) {
  FilterInput input = AnyArguments(random, filter);
  const auto number = NumberOf(Abi::kX86_64, HarmlessCalls()[random() % HarmlessCalls().size()]);
  input.words[FilterInput::kNumber] = number.value_or(0);
  input.words[FilterInput::kArch] = AuditArchOf(Abi::kX86_64);
  return input;
}

#if defined(__x86_64__)

TEST(KernelAndInterpreter, AnswerAlike) {
  SKIP_WITHOUT_SECCOMP();
  Child child;
  std::size_t asked = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RequestedFilter filter = AnyFilter(random, HarmlessCalls());
    const auto made = Compile(filter);
    if (!made) continue;
    const Program program = LettingOthersIn(seed % 2 == 0 ? *made : AnyProgram(random));
    const Program newer = LettingOthersIn(AnyProgram(random));
    const auto first = FilterProgram::Of(program);
    const auto second = FilterProgram::Of(newer);
    ASSERT_TRUE(first && second);
    for (int sample = 0; sample < 5; ++sample) {
      const FilterInput input = AnyHarmlessCall(random, filter);
      ExpectAnswer(AnswerOf(*first, input), child.Run(std::array{program}, input), child.told());
      const std::uint32_t both = StricterOf(AnswerOf(*second, input), AnswerOf(*first, input));
      ExpectAnswer(both, child.Run(std::array{program, newer}, input), child.told());
      if (HasFatalFailure()) return;
      asked += 2;
    }
  }
  EXPECT_GT(asked, 300U);
}

#endif

// A program changed at random: we take it where the kernel does.
TEST(KernelAndChecker, TakeTheSamePrograms) {
  SKIP_WITHOUT_SECCOMP();
  Child child;
  std::size_t taken = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Program program = AnyProgram(random);
    for (std::uint64_t changes = random() % 3; changes > 0; --changes) {
      FilterInstruction& it = program[random() % program.size()];
      const std::array<std::function<void()>, 4> kinds = {
          [&] { it.code = static_cast<std::uint16_t>(random() % 256); },
          [&] { it.constant = static_cast<std::uint32_t>(random() % 70); },
          [&] { it.jump_true = static_cast<std::uint8_t>(random() % 64); },
          [&] { program.pop_back(); }};
      kinds[random() % kinds.size()]();
    }
    child.Run(std::array{program}, {});
    const Result<FilterProgram> checked = FilterProgram::Of(program);
    ASSERT_EQ(checked.has_value(), child.told().installed)
        << (checked ? "" : checked.error().message);
    (checked ? taken : refused) += 1;
  }
  EXPECT_GT(taken, 50U);
  EXPECT_GT(refused, 50U);
}

}  // namespace
}  // namespace hullmark::testing
