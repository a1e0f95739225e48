// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/runtime_calls.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr auto kOfRuntimes = std::to_array<std::string_view>({
    "arch_prctl",
    "brk",
    "capget",
    "capset",
    "chdir",
    "clock_gettime",
    "clone",
    "close",
    "close_range",
    "dup2",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fchdir",
    "fchown",
    "fcntl",
    "fstat",
    "fstatfs",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "gettid",
    "getuid",
    "ioctl",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "munmap",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pipe2",
    "poll",
    "prctl",
    "pread64",
    "prlimit64",
    "read",
    "readlink",
    "readlinkat",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setgid",
    "setgroups",
    "setresgid",
    "setresuid",
    "setsid",
    "setuid",
    "sigaltstack",
    "socket",
    "stat",
    "statfs",
    "statx",
    "tgkill",
    "timer_create",
    "timer_delete",
    "timer_settime",
    "umask",
    "write",
    "writev",
});

// What docker's default refuses, but to containers that were given one of these capabilities;
// without any: to all.
struct Refused {
  CapSet unless{};
  std::vector<std::string_view> calls{};
};

const std::vector<Refused>& RefusedByDefault() {
  static const std::vector<Refused> kRefused = {
      {.calls = {"create_module",
                 "query_module",
                 "get_kernel_syms",
                 "kexec_load",
                 "kexec_file_load",
                 "pciconfig_read",
                 "pciconfig_write",
                 "pciconfig_iobase",
                 "pivot_root",
                 "open_tree_attr",
                 "io_uring_setup",
                 "io_uring_enter",
                 "io_uring_register",
                 "userfaultfd",
                 "add_key",
                 "request_key",
                 "keyctl",
                 "swapon",
                 "swapoff",
                 "migrate_pages",
                 "move_pages",
                 "uselib",
                 "ustat",
                 "sysfs",
                 "_sysctl",
                 "nfsservctl",
                 "vserver",
                 "afs_syscall",
                 "tuxcall",
                 "security",
                 "getpmsg",
                 "putpmsg",
                 "vm86",
                 "vm86old"}},
      {.unless = {Cap::kSysModule}, .calls = {"init_module", "finit_module", "delete_module"}},
      {.unless = {Cap::kSysBoot}, .calls = {"reboot"}},
      {.unless = {Cap::kSysRawio}, .calls = {"iopl", "ioperm"}},
      {.unless = {Cap::kSysAdmin},
       .calls = {"mount", "umount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick",
                 "move_mount", "open_tree", "mount_setattr", "clone3", "unshare", "setns",
                 "sethostname", "setdomainname", "quotactl", "quotactl_fd", "fanotify_init",
                 "lookup_dcookie"}},
      {.unless = {Cap::kDacReadSearch}, .calls = {"open_by_handle_at"}},
      {.unless = {Cap::kBpf, Cap::kSysAdmin}, .calls = {"bpf"}},
      {.unless = {Cap::kPerfmon, Cap::kSysAdmin}, .calls = {"perf_event_open"}},
      {.unless = {Cap::kSysPtrace}, .calls = {"process_madvise", "pidfd_getfd", "kcmp"}},
      {.unless = {Cap::kSysTime},
       .calls = {"settimeofday", "clock_settime", "clock_settime64", "stime"}},
      {.unless = {Cap::kSysPacct}, .calls = {"acct"}},
      {.unless = {Cap::kSyslog, Cap::kSysAdmin}, .calls = {"syslog"}},
      {.unless = {Cap::kSysNice},
       .calls = {"mbind", "set_mempolicy", "set_mempolicy_home_node", "get_mempolicy"}},
      {.unless = {Cap::kSysTtyConfig}, .calls = {"vhangup"}},
  };
  return kRefused;
}

bool IsRefused(std::string_view call, CapSet bounding, bool& named) {
  for (const Refused& refused : RefusedByDefault()) {
    if (std::ranges::find(refused.calls, call) == refused.calls.end()) continue;
    named = true;
    return !refused.unless.Intersects(bounding);
  }
  named = false;
  return false;
}

// The last call that had a number of its own on each architecture: of what came later older
// profiles could not know, and newer ones differ.
std::uint32_t LastOfOld(Abi abi) {
  constexpr std::uint32_t kX86_64 = 334;
  constexpr std::uint32_t kGeneric = 293;
  return abi == Abi::kX86_64 ? kX86_64 : kGeneric;
}

}  // namespace

std::span<const std::string_view> CallsOfRuntimes() { return kOfRuntimes; }

ProfileDistance DistanceToDefault(const FilterRules& rules, Machine machine, CapSet bounding) {
  const Abi native = AbisOf(machine).front();
  ProfileDistance distance;
  for (const std::string_view call : Calls()) {
    const auto number = NumberOf(native, call);
    if (!number) continue;
    bool named = false;
    const bool refused = IsRefused(call, bounding, named);
    const Permission here = PermissionOf(rules.At(native, *number));
    if (refused && here.permits) distance.beyond.push_back(call);
    const bool all_refused = here == Permission{.denies = true};
    if (!refused && all_refused && (named || *number <= LastOfOld(native))) {
      distance.within.push_back(call);
    }
  }
  return distance;
}

}  // namespace hullmark
