// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/run_program.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <expected>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/write.h"
#include "agent/hooks/command.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kOurUser = "hullmark";
constexpr int kCannotRun = 127;

// Where cgroup v2 is mounted, alone or beside v1.
constexpr std::array kCgroupRoots = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

// Our own, of the line "0::/path" of /proc/self/cgroup.
std::string OwnCgroupPath() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    constexpr std::string_view kUnified = "0::";
    if (line.starts_with(kUnified)) return line.substr(kUnified.size());
  }
  return "";
}

bool Tell(const std::string& path, std::string_view text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && WriteAll(file.get(), text).error_number == 0;
}

void Limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  const rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
  if (setrlimit(resource, &limit) != 0) _exit(kCannotRun);
}

void LimitProgram(const CommandOrder& order) {
  constexpr rlim_t kFiles = 1024;
  const auto cpu = static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(order.cpu).count());
  Limit(RLIMIT_CPU, cpu, cpu + 1);
  Limit(RLIMIT_CORE, 0, 0);
  Limit(RLIMIT_NOFILE, kFiles, kFiles);
}

// Neither root's, which inheritable ones outlive, nor what a user has as ambient ones.
bool ForgoCapabilities() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  auto had = none;
  if (syscall(SYS_capget, &header, had.data()) != 0) return false;
  // Who has none may be forbidden the call that drops them.
  const bool empty = std::ranges::all_of(had, [](const __user_cap_data_struct& part) {
    return part.effective == 0 && part.permitted == 0 && part.inheritable == 0;
  });
  return empty || syscall(SYS_capset, &header, none.data()) == 0;
}

// The groups of the user come with him: that of a runtime's socket, for one.
void Become(const RunsAs& who) {
  for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM) _exit(kCannotRun);
  }
  if (geteuid() == 0) {
    const bool known = !who.name.empty() && initgroups(who.name.c_str(), who.gid) == 0;
    if (!known && setgroups(0, nullptr) != 0) _exit(kCannotRun);
    if (setresgid(who.gid, who.gid, who.gid) != 0 || setresuid(who.uid, who.uid, who.uid) != 0) {
      _exit(kCannotRun);
    }
  }
  if (geteuid() == 0 || !ForgoCapabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    _exit(kCannotRun);
}

void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < SIGRTMIN; ++number) signal(number, SIG_DFL);
}

[[noreturn]] void Execute(const CommandOrder& order, const RunsAs& who) {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
      "/sbin:/bin",
      "LANG=C.UTF-8", "HOME=" + who.home, "HULLMARK_HOOK=" + order.hook,
      "HULLMARK_KEY=" + order.key};
  std::vector<std::string> arguments = {order.path};
  arguments.insert(arguments.end(), order.args.begin(), order.args.end());
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  execve(order.path.c_str(), pointers(arguments).data(), pointers(environment).data());
  dprintf(STDERR_FILENO, "%s: %s\n", order.path.c_str(), std::strerror(errno));
  _exit(kCannotRun);
}

}  // namespace

Result<RunsAs> UserFor(const std::string& name) {
  if (geteuid() != 0) return RunsAs{.uid = geteuid(), .gid = getegid()};
  const passwd* const entry = getpwnam(name.c_str());
  if (entry == nullptr && name == kOurUser) return RunsAs{};
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, "there is no user " + name);
  if (entry->pw_uid == 0) return Fail(ErrorCode::kDenied, "user " + name + " is root");
  return RunsAs{.name = name, .home = entry->pw_dir, .uid = entry->pw_uid, .gid = entry->pw_gid};
}

OwnCgroup::OwnCgroup() {
  constexpr mode_t kOwner = 0755;
  const std::string ours = OwnCgroupPath();
  if (ours.empty()) return;
  for (const char* const root : kCgroupRoots) {
    const std::string parent = root + (ours == "/" ? "" : ours);
    if (access((parent + "/cgroup.procs").c_str(), F_OK) != 0) continue;
    const std::string path = parent + "/hullmark-hook-" + std::to_string(getpid());
    if (mkdir(path.c_str(), kOwner) != 0) continue;
    path_ = path;
    return;
  }
}

OwnCgroup::~OwnCgroup() {
  if (!path_.empty()) rmdir(path_.c_str());
}

void OwnCgroup::Enter() const {
  if (!path_.empty()) Tell(path_ + "/cgroup.procs", "0");
}

void OwnCgroup::Kill() const {
  if (!path_.empty()) Tell(path_ + "/cgroup.kill", "1");
}

Result<pid_t> StartProgram(const CommandOrder& order, const RunsAs& who, const Fd& input,
                           const Fd& output, const OwnCgroup& cgroup) {
  constexpr mode_t kOwnerAlone = 0077;
  const pid_t child = fork();
  if (child < 0) return Fail(CodeOfErrno(errno), std::string("fork: ") + std::strerror(errno));
  if (child > 0) return child;
  cgroup.Enter();
  setsid();
  ResetSignals();
  umask(kOwnerAlone);
  if (chdir("/") != 0 || dup2(input.get(), STDIN_FILENO) < 0 ||
      dup2(output.get(), STDOUT_FILENO) < 0 || dup2(output.get(), STDERR_FILENO) < 0) {
    _exit(kCannotRun);
  }
  close_range(STDERR_FILENO + 1, ~0U, 0);
  LimitProgram(order);
  Become(who);
  Execute(order, who);
}

}  // namespace hullmark
