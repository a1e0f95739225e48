// SPDX-License-Identifier: Apache-2.0
// bench_population N: N sleeping processes in groups of ten, each group like a container of Docker:
// own namespaces, own control group, capabilities, seccomp filters and uids of several kinds.
// Prints "ready N" when they all stand, keeps them until its standard input ends (so they never
// outlive who asked for them), then removes every process and control group. Needs root.
#include <fcntl.h>
#include <linux/bpf_common.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int kGroupSize = 10;
constexpr std::uint64_t kDockerCaps = 0xa80425fb;
constexpr std::uint64_t kAllCaps = (std::uint64_t{1} << 41) - 1;
constexpr std::uint64_t kNamespaces =
    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP;

// What a group is; ten kinds take turns.
struct Kind {
  std::uint64_t caps = kDockerCaps;
  bool filtered = true;
  bool no_new_privs = false;
  bool user_namespace = false;
  int uid = 0;
};
constexpr std::array<Kind, 10> kKinds = {
    Kind{},
    Kind{.uid = 1000},
    Kind{.filtered = false},
    Kind{.caps = kAllCaps, .filtered = false},
    Kind{.no_new_privs = true},
    Kind{.caps = 0, .no_new_privs = true, .uid = 1000},
    Kind{.user_namespace = true},
    Kind{.no_new_privs = true, .user_namespace = true},
    Kind{.caps = kDockerCaps & ~std::uint64_t{1U << CAP_NET_RAW}},
    Kind{.caps = 0, .uid = 33},
};

[[noreturn]] void Die(std::string_view what) {
  std::perror(std::string("bench_population: ").append(what).c_str());
  std::exit(1);
}

bool WriteFile(const fs::path& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return done;
}

// Control groups are made below this folder of every hierarchy.
std::vector<fs::path> MakeTops() {
  const fs::path root = "/sys/fs/cgroup";
  std::vector<fs::path> hierarchies;
  if (fs::exists(root / "cgroup.procs")) {
    hierarchies.push_back(root);
  } else {
    for (const auto& entry : fs::directory_iterator(root)) {
      if (entry.is_directory() && !entry.is_symlink() && fs::exists(entry.path() / "cgroup.procs"))
        hierarchies.push_back(entry.path());
    }
  }
  std::vector<fs::path> tops;
  for (const fs::path& hierarchy : hierarchies) {
    tops.push_back(hierarchy / "hullmark-bench" / "docker");
    fs::create_directories(tops.back());
    for (const fs::path& level : {hierarchy / "hullmark-bench", tops.back()}) {
      // On cgroup v2 alone; what a hierarchy cannot hand down it refuses, and that is its say.
      (void)WriteFile(level / "cgroup.subtree_control", "+memory +pids +cpu +cpuset +io");
    }
  }
  return tops;
}

std::string GroupName(int group) {
  std::array<char, 65> text = {};
  (void)std::snprintf(text.data(), text.size(), "bec0%060x", static_cast<unsigned>(group));
  return text.data();
}

// A v1 cpuset takes no process before it has processors and memory.
void CopyCpuset(const fs::path& top, const fs::path& directory) {
  for (const char* const file : {"cpuset.cpus", "cpuset.mems"}) {
    const fs::path source = "/sys/fs/cgroup/cpuset";
    const int from = open((source / file).c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) return;
    std::array<char, 256> text = {};
    const ssize_t length = read(from, text.data(), text.size());
    close(from);
    const std::string_view value(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    for (const fs::path& level : {top.parent_path(), top, directory}) {
      (void)WriteFile(level / file, value);
    }
  }
}

void JoinCgroups(const std::vector<fs::path>& tops, const std::string& name, pid_t pid) {
  for (const fs::path& top : tops) {
    const fs::path directory = top / name;
    std::error_code ignored;
    fs::create_directory(directory, ignored);
    if (top.parent_path().parent_path().filename() == "cpuset") CopyCpuset(top, directory);
    if (!WriteFile(directory / "cgroup.procs", std::to_string(pid))) Die(directory.c_str());
  }
}

void RemoveCgroups(const std::vector<fs::path>& tops, int groups) {
  for (const fs::path& top : tops) {
    for (int group = 0; group < groups; ++group) rmdir((top / GroupName(group)).c_str());
    rmdir(top.c_str());
    rmdir(top.parent_path().c_str());
  }
}

void LimitCaps(std::uint64_t caps) {
  for (unsigned cap = 0; cap < 41; ++cap) {
    if ((caps >> cap & 1) == 0) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  }
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const auto low = static_cast<std::uint32_t>(caps);
  const auto high = static_cast<std::uint32_t>(caps >> 32);
  const std::array<__user_cap_data_struct, 2> sets = {
      __user_cap_data_struct{.effective = low, .permitted = low, .inheritable = 0},
      __user_cap_data_struct{.effective = high, .permitted = high, .inheritable = 0}};
  // Refused where this host lacks one of them: then the group keeps what there is.
  (void)syscall(SYS_capset, &header, sets.data());
}

void Filter() {
  // Allows everything: what a filter says is not what a scan reads.
  std::array<sock_filter, 1> program = {
      sock_filter{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW}};
  const sock_fprog filter = {.len = 1, .filter = program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) Die("seccomp");
}

// SIGCONT wakes it for a moment, see rescan_bench.
[[noreturn]] void Sleep() {
  struct sigaction awake = {};
  awake.sa_handler = [](int) {};
  sigaction(SIGCONT, &awake, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  while (true) pause();
}

void BecomeUser(uid_t id) {
  if (setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) Die("setresuid");
}

void Harden(const Kind& kind) {
  if (kind.user_namespace) BecomeUser(0);
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (kind.filtered) Filter();
  if (kind.uid != 0) {
    LimitCaps(kind.caps | (1U << CAP_SETUID) | (1U << CAP_SETGID));
    BecomeUser(static_cast<uid_t>(kind.uid));
  } else {
    LimitCaps(kind.caps);
  }
  if (kind.no_new_privs) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// The ends of two pipes: a byte from `go` lets a group begin, its byte to `ready` says that it
// stands.
struct Gate {
  int go = -1, ready = -1;
};

[[noreturn]] void BeGroup(const Kind& kind, const Gate& gate) {
  char byte = 0;
  if (read(gate.go, &byte, 1) != 1) _exit(1);
  Harden(kind);
  for (int member = 1; member < kGroupSize; ++member) {
    const pid_t pid = fork();
    if (pid < 0) Die("fork");
    if (pid == 0) Sleep();
  }
  if (write(gate.ready, "x", 1) != 1) _exit(1);
  Sleep();
}

pid_t StartGroup(int group, const std::vector<fs::path>& tops, int ready) {
  const Kind& kind = kKinds[static_cast<std::size_t>(group) % kKinds.size()];
  std::array<int, 2> go = {};
  if (pipe2(go.data(), O_CLOEXEC) != 0) Die("pipe");
  const std::uint64_t flags = kNamespaces | (kind.user_namespace ? CLONE_NEWUSER : 0) | SIGCHLD;
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, flags, 0, 0, 0, 0));
  if (pid < 0) Die("clone");
  if (pid == 0) {
    close(go[1]);
    BeGroup(kind, {.go = go[0], .ready = ready});
  }
  close(go[0]);
  JoinCgroups(tops, GroupName(group), pid);
  if (kind.user_namespace) {
    const std::string map = "0 " + std::to_string(1'000'000 + group * 65'536) + " 65536";
    for (const char* const file : {"uid_map", "gid_map"}) {
      if (!WriteFile(fs::path("/proc") / std::to_string(pid) / file, map)) Die(file);
    }
  }
  if (write(go[1], "x", 1) != 1) Die("write");
  close(go[1]);
  return pid;
}

void Await(const std::vector<pid_t>& leaders, int ready) {
  char byte = 0;
  for (std::size_t seen = 0; seen < leaders.size(); ++seen) {
    if (read(ready, &byte, 1) != 1) Die("a group did not come up");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int processes = argc == 2 ? std::atoi(argv[1]) : 0;
  if (processes < kGroupSize || geteuid() != 0) {
    (void)std::fputs("usage: bench_population N (at least 10), as root\n", stderr);
    return 2;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const std::vector<fs::path> tops = MakeTops();
  std::array<int, 2> ready = {};
  if (pipe2(ready.data(), O_CLOEXEC) != 0) Die("pipe");
  const int groups = processes / kGroupSize;
  std::vector<pid_t> leaders;
  leaders.reserve(static_cast<std::size_t>(groups));
  for (int group = 0; group < groups; ++group) {
    leaders.push_back(StartGroup(group, tops, ready[1]));
  }
  close(ready[1]);
  Await(leaders, ready[0]);
  (void)std::printf("ready %d\n", groups * kGroupSize);
  (void)std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  for (const pid_t leader : leaders) kill(leader, SIGKILL);
  while (wait(nullptr) > 0 || errno == EINTR) continue;
  RemoveCgroups(tops, groups);
  return 0;
}
