// SPDX-License-Identifier: Apache-2.0
#include "agent/confine/syscall_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <thread>

#include "hullmark/result.h"

namespace hullmark {
namespace {

// Runs `attempt` in a child behind the filter: what it returned, or -1 when it did not end itself.
int Behind(const std::function<int()>& attempt, Result<void> (*filter)() = FilterGatewaySyscalls) {
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(100);
    if (filter != nullptr && !filter()) _exit(101);
    _exit(attempt());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// 0 for what was done, else the errno.
int Outcome(long result) { return result < 0 ? errno : 0; }

struct Attempt {
  const char* what;
  std::function<int()> run;
};

const std::array kForbidden = {
    Attempt{"read a file", [] { return Outcome(open("/proc/self/status", O_RDONLY)); }},
    Attempt{"read another's environment",
            [] { return Outcome(open("/proc/1/environ", O_RDONLY)); }},
    Attempt{"write a file", [] { return Outcome(open("/tmp", O_RDWR | O_TMPFILE, 0600)); }},
    Attempt{"make a socket", [] { return Outcome(socket(AF_INET, SOCK_STREAM, 0)); }},
    Attempt{"connect",
            [] {
              const sockaddr_in to = {
                  .sin_family = AF_INET, .sin_port = 1, .sin_addr = {}, .sin_zero = {}};
              return Outcome(connect(0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
            }},
    Attempt{"connect by what is sent",
            [] {
              const sockaddr_in to = {
                  .sin_family = AF_INET, .sin_port = 1, .sin_addr = {}, .sin_zero = {}};
              return Outcome(sendto(0, "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&to),
                                    sizeof to));
            }},
    Attempt{"connect by a message",
            [] {
              const msghdr message = {};
              return Outcome(sendmsg(0, &message, MSG_FASTOPEN));
            }},
    Attempt{"send to an address",
            [] {
              const sockaddr_in to = {
                  .sin_family = AF_INET, .sin_port = 1, .sin_addr = {}, .sin_zero = {}};
              return Outcome(
                  sendto(0, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
            }},
    Attempt{"start a program",
            [] { return Outcome(execl("/bin/true", "true", static_cast<char*>(nullptr))); }},
    Attempt{"fork", [] { return Outcome(fork()); }},
    Attempt{"trace", [] { return Outcome(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr)); }},
    Attempt{"signal", [] { return Outcome(kill(1, 0)); }},
    Attempt{"make memory executable",
            [] {
              void* const page =
                  mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return page == MAP_FAILED ? errno : 0;
            }},
};

TEST(SyscallFilter, NothingButServing) {
  for (const Attempt& attempt : kForbidden) {
    EXPECT_EQ(Behind(attempt.run), EPERM) << attempt.what;
  }
}

constexpr sockaddr_in kSomewhere = {
    .sin_family = AF_INET, .sin_port = 1, .sin_addr = {}, .sin_zero = {}};

const std::array kForbiddenToCouriers = {
    Attempt{"bind",
            [] {
              const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
              return Outcome(
                  bind(socket, reinterpret_cast<const sockaddr*>(&kSomewhere), sizeof kSomewhere));
            }},
    Attempt{"listen", [] { return Outcome(listen(::socket(AF_INET, SOCK_STREAM, 0), 1)); }},
    Attempt{"accept",
            [] { return Outcome(accept(::socket(AF_INET, SOCK_STREAM, 0), nullptr, nullptr)); }},
    Attempt{"make a unix socket", [] { return Outcome(socket(AF_UNIX, SOCK_STREAM, 0)); }},
    Attempt{"make a netlink socket", [] { return Outcome(socket(AF_NETLINK, SOCK_RAW, 0)); }},
    Attempt{"make a packet socket", [] { return Outcome(socket(AF_PACKET, SOCK_RAW, 0)); }},
    Attempt{"make a raw socket", [] { return Outcome(socket(AF_INET, SOCK_RAW, 1)); }},
    Attempt{"make two sockets",
            [] {
              std::array<int, 2> ends{};
              return Outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
            }},
};

TEST(SyscallFilter, ACourierGoesOutAndNothingElse) {
  for (const Attempt& attempt : kForbidden) {
    const bool goes_out =
        std::string(attempt.what) == "make a socket" || std::string(attempt.what) == "connect";
    if (goes_out) continue;
    EXPECT_EQ(Behind(attempt.run, FilterCourierSyscalls), EPERM) << attempt.what;
  }
  for (const Attempt& attempt : kForbiddenToCouriers) {
    EXPECT_EQ(Behind(attempt.run, FilterCourierSyscalls), EPERM) << attempt.what;
  }
}

TEST(SyscallFilter, ACourierConnects) {
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
  socklen_t length = sizeof place;
  ASSERT_EQ(listen(listening, 1), 0);
  ASSERT_EQ(getsockname(listening, reinterpret_cast<sockaddr*>(&place), &length), 0);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int status = Behind(
      [&] {
        for (const int type :
             std::array<int, 2>{SOCK_STREAM, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK}) {
          if (socket(AF_INET6, type, 0) < 0) return errno;
        }
        const int out = socket(AF_INET, SOCK_STREAM, 0);
        return Outcome(connect(out, reinterpret_cast<const sockaddr*>(&place), sizeof place));
      },
      FilterCourierSyscalls);
  EXPECT_EQ(status, 0);
  close(listening);
}

TEST(SyscallFilter, WithoutItTheyAreNotForbiddenByChance) {
  EXPECT_EQ(Behind(kForbidden[0].run, nullptr), 0);
  EXPECT_EQ(Behind(kForbidden[3].run, nullptr), 0);
}

TEST(SyscallFilter, WhatServingTakesIsLeft) {
  std::array<int, 3> ends{};  // The last one waits for the others.
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  ends[2] = epoll_create1(EPOLL_CLOEXEC);
  const int status = Behind([&] {
    std::string heard(3, '\0');
    std::thread writer([&] {
      if (send(ends[0], "abc", 3, 0) != 3) _exit(1);
    });
    writer.join();
    epoll_event event = {};
    event.events = EPOLLIN;
    if (epoll_ctl(ends[2], EPOLL_CTL_ADD, ends[1], &event) != 0) return 2;
    if (epoll_wait(ends[2], &event, 1, 10'000) != 1) return 5;
    if (recv(ends[1], heard.data(), heard.size(), 0) != 3 || heard != "abc") return 3;
    const std::string large(1 << 22, 'x');
    return large.back() == 'x' ? 0 : 4;
  });
  EXPECT_EQ(status, 0);
  for (const int end : ends) close(end);
}

TEST(ForgoFileSystem, NoPathIsLeft) {
  const int status = Behind(
      [] {
        const auto done = ForgoFileSystem();
        if (!done) return 1;
        if (!*done) return 77;
        return open("/proc/self/status", O_RDONLY) < 0 && errno == EACCES ? 0 : 2;
      },
      nullptr);
  if (status == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace hullmark
