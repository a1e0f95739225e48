// SPDX-License-Identifier: Apache-2.0
#include "agent/confine/syscall_filter.h"

#include <linux/landlock.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>  // IWYU pragma: keep, for MSG_FASTOPEN
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <string>

#include "hullmark/result.h"

namespace hullmark {
namespace {

// What every process without privileges takes, the C library's and the C++ library's own needs
// included.
constexpr std::array kAllowed = {
    // Connections and the channel that are there.
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(close), SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(fcntl), SCMP_SYS(lseek),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads, time, and the end.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

// Serving those who come.
constexpr std::array kServing = {SCMP_SYS(accept4), SCMP_SYS(sendfile), SCMP_SYS(epoll_wait),
                                 SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl)};

// Going out. The resolver looks whether its files have changed, which it cannot read any more.
constexpr std::array kGoingOut = {SCMP_SYS(connect),  SCMP_SYS(poll),       SCMP_SYS(ppoll),
                                  SCMP_SYS(sendmmsg), SCMP_SYS(newfstatat), SCMP_SYS(uname)};

constexpr scmp_datum_t kThread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
constexpr scmp_datum_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// The type of a socket without its flags, see socket(2).
constexpr scmp_datum_t kSocketType = 0xF;
constexpr std::array<scmp_datum_t, 2> kFamilies = {AF_INET, AF_INET6};
constexpr std::array<scmp_datum_t, 2> kTypes = {SOCK_STREAM, SOCK_DGRAM};

// All file rights of Landlock's first version; later ones narrow what this leaves in no way.
constexpr __u64 kFirstRights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

std::unexpected<Error> FailWith(int number) {
  return Fail(CodeOfErrno(number), std::string("system call filter: ") + std::strerror(number));
}

// Rules that are added until one cannot be.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void Add(std::uint32_t action, int call, auto... conditions) {
    if (status_ != 0) return;
    status_ = -seccomp_rule_add(filter_, action, call, sizeof...(conditions), conditions...);
  }
  int status() const { return status_; }  // 0, or an errno.

 private:
  scmp_filter_ctx filter_;
  int status_ = 0;
};

void AddCommon(Rules& rules) {
  for (const int call : kAllowed) rules.Add(SCMP_ACT_ALLOW, call);
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    rules.Add(SCMP_ACT_ALLOW, call, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  }
  // To who is connected. MSG_FASTOPEN connects, and a listening socket that was shut down can.
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(sendto), SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0),
            SCMP_A4(SCMP_CMP_EQ, 0, 0));
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0));
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(clone),
            SCMP_A0(SCMP_CMP_MASKED_EQ, kThread | kNewNamespaces, kThread));
  // Its flags lie in memory, where no filter sees them; without it the C library takes clone(2).
  rules.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
}

Result<void> Install(void (*add)(Rules& rules)) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return FailWith(ENOMEM);
  Rules rules(filter.get());
  AddCommon(rules);
  add(rules);
  if (rules.status() != 0) return FailWith(rules.status());
  if (const int status = -seccomp_load(filter.get()); status != 0) return FailWith(status);
  return {};
}

}  // namespace

Result<void> FilterGatewaySyscalls() {
  return Install([](Rules& rules) {
    for (const int call : kServing) rules.Add(SCMP_ACT_ALLOW, call);
  });
}

Result<void> FilterCourierSyscalls() {
  return Install([](Rules& rules) {
    for (const int call : kGoingOut) rules.Add(SCMP_ACT_ALLOW, call);
    // Sockets of the two protocols, for streams and for name servers.
    for (const scmp_datum_t family : kFamilies) {
      for (const scmp_datum_t type : kTypes) {
        rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family, 0),
                  SCMP_A1(SCMP_CMP_MASKED_EQ, kSocketType, type));
      }
    }
    rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));
  });
}

Result<bool> ForgoFileSystem() {
  const landlock_ruleset_attr nothing = {.handled_access_fs = kFirstRights};
  const auto rules =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &nothing, sizeof nothing, 0));
  if (rules < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) return false;
  const bool done = rules >= 0 && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  const int number = errno;
  if (rules >= 0) close(rules);
  if (!done) return Fail(CodeOfErrno(number), std::string("landlock: ") + std::strerror(number));
  return true;
}

}  // namespace hullmark
