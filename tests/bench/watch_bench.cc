// SPDX-License-Identifier: Apache-2.0
// watch_bench [LIVES]: from an exec in a container to its verdict, what a life of no time costs to
// find, and what the host pays for each event. Needs BPF, and root to make a container. LIVES: how
// many processes per experiment (6,000).
#include <bpf/bpf.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/benchmark/load.h"
#include "agent/bpf/task_events.h"
#include "agent/cli/watching.h"
#include "agent/collect/collect.h"
#include "agent/config/config.h"
#include "agent/daemon/exec_ledger.h"
#include "agent/daemon/watcher.h"
#include "agent/evaluate/evaluate.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/live.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

extern char** environ;

namespace hullmark::bench {
namespace {

using std::chrono::microseconds, std::chrono::milliseconds, std::chrono::seconds;
using Clock = std::chrono::steady_clock;

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  (void)std::fprintf(stderr, "watch_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

// What the container is told to do: so many processes of so many milliseconds, so many a second.
struct Order {
  std::uint32_t lives = 0, milliseconds = 0, per_second = 0;
};

void Reap() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

pid_t Live(const char* program, std::uint32_t lifetime) {
  std::string life = std::to_string(lifetime);
  std::array<char*, 3> arguments = {const_cast<char*>(program), life.data(), nullptr};
  pid_t pid = 0;
  return posix_spawn(&pid, program, nullptr, nullptr, arguments.data(), environ) == 0 ? pid : -1;
}

void Obey(const char* program, const Order& order) {
  auto next = Clock::now();
  for (std::uint32_t life = 0; life < order.lives; ++life) {
    Live(program, order.milliseconds);
    next += microseconds(1'000'000 / order.per_second);
    Reap();
    std::this_thread::sleep_until(next);
  }
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

// The init of a container: it spawns what it is ordered to.
class Crowd {
 public:
  explicit Crowd(const char* program) {
    if (pipe(orders_.data()) != 0 || pipe(done_.data()) != 0) std::exit(1);
    entrance_ = fork();
    if (entrance_ == 0) Enter(program);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    close(orders_[1]);
    waitpid(entrance_, nullptr, 0);
  }

  void Do(const Order& order) {
    char byte = 0;
    if (write(orders_[1], &order, sizeof order) != ssize_t{sizeof order}) std::exit(1);
    if (read(done_[0], &byte, 1) != 1) std::exit(1);
  }

 private:
  [[noreturn]] void Enter(const char* program) {
    close(orders_[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != 0) _exit(1);
    const pid_t init = fork();
    if (init != 0) {
      waitpid(init, nullptr, 0);
      _exit(0);
    }
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    Order order;
    while (read(orders_[0], &order, sizeof order) == ssize_t{sizeof order}) {
      Obey(program, order);
      if (write(done_[1], "x", 1) != 1) _exit(1);
    }
    _exit(0);
  }

  std::array<int, 2> orders_{}, done_{};
  pid_t entrance_ = -1;
};

// Somebody who needs each processor all the time.
class Load {
 public:
  Load() {
    for (unsigned each = 0; each < std::max(1U, std::thread::hardware_concurrency()); ++each) {
      const pid_t parent = getpid();
      const pid_t pid = fork();
      if (pid < 0) std::exit(1);
      if (pid == 0) Burn(parent);
      pids_.push_back(pid);
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    for (const pid_t pid : pids_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

 private:
  [[noreturn]] static void Burn(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    const volatile bool forever = true;
    while (forever) {
    }
    _exit(0);
  }

  std::vector<pid_t> pids_;
};

struct Told {
  std::mutex mutex;
  std::vector<double> microseconds;
  std::atomic<int> stall_seconds = 0;

  void Take(const LiveExec& exec) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto late = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() -
                      static_cast<std::int64_t>(exec.at);
    {
      const std::lock_guard lock(mutex);
      microseconds.push_back(static_cast<double>(late) / 1e3);
    }
    std::this_thread::sleep_for(seconds(stall_seconds.exchange(0)));
  }
  std::vector<double> Sorted() {
    const std::lock_guard lock(mutex);
    std::vector<double> sorted = std::exchange(microseconds, {});
    std::ranges::sort(sorted);
    return sorted;
  }
};

double At(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part)];
}

double CpuMilliseconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class Bench {
 public:
  Bench(const char* program, std::uint32_t lives) : lives_(lives), crowd_(program) {
    const Roots roots = Must(OpenRoots({}));
    watching_ = BeginWatching(
        roots, {.source = Config::Watch::Source::kBpf},
        [this](const LiveExec& e) { told_.Take(e); }, Watcher::Tells::kEveryExec);
    if (!watching_.watcher) std::exit(1);
    crowd_.Do({.lives = 1, .milliseconds = 0, .per_second = 100});
    Snapshot snapshot = Must(Collect(roots, {}));
    const Report report = Evaluate(
        snapshot, benchmark_, {.classes = {ContainerClass::kContainer, ContainerClass::kSandbox}});
    watching_.watcher->Show(
        std::make_unique<WatchPicture>(std::move(snapshot), benchmark_, report));
  }

  void Run() {
    Latency(100, lives_ / 10);
    Latency(2'000, lives_);
    {
      const Load load;
      Latency(2'000, lives_, "busy");
    }
    for (const std::uint32_t life : {0U, 1U, 10U}) Lives(life);
  }

 private:
  void Settle() {
    std::this_thread::sleep_for(milliseconds(200));
    watching_.watcher->TakeSeen(~std::uint64_t{0});
    told_.Sorted();
  }

  void Latency(std::uint32_t per_second, std::uint32_t lives, const char* machine = "") {
    Settle();
    const double before = CpuMilliseconds();
    crowd_.Do({.lives = lives, .milliseconds = 0, .per_second = per_second});
    std::this_thread::sleep_for(milliseconds(200));
    const double cpu = CpuMilliseconds() - before;
    const auto sorted = told_.Sorted();
    (void)std::printf(
        "exec to verdict, %5u/s %-4s         p50 %6.0f us  p99 %6.0f us  max %7.0f us"
        "  %5.1f us CPU each\n",
        per_second, machine, At(sorted, 0.5), At(sorted, 0.99), At(sorted, 1), cpu * 1e3 / lives);
  }

  // While the reader sleeps two seconds of it.
  void Lives(std::uint32_t life) {
    Settle();
    const std::uint64_t lost_before = watching_.watcher->counts().feed.lost;
    told_.stall_seconds = 2;
    crowd_.Do({.lives = lives_, .milliseconds = life, .per_second = 2'000});
    std::this_thread::sleep_for(seconds(3));
    const std::uint64_t lost = watching_.watcher->counts().feed.lost - lost_before;
    const std::size_t told = told_.Sorted().size();
    (void)std::printf("lives of %2u ms, 2,000/s, a stop of 2 s   %zu of %u told, %llu lost\n", life,
                      told, lives_, static_cast<unsigned long long>(lost));
  }

  std::uint32_t lives_;
  std::vector<Check> checks_ = AllChecks();
  Benchmark benchmark_ = Must(LoadBenchmark(DefaultBenchmarkText(), "default.yaml", checks_));
  Crowd crowd_;
  Told told_;
  Watching watching_;
};

// ---- what the host pays

double SpawnCost(const char* program, int lives) {
  rusage before = {};
  getrusage(RUSAGE_CHILDREN, &before);
  const double own = CpuMilliseconds();
  for (int life = 0; life < lives; ++life) {
    waitpid(Live(program, 0), nullptr, 0);
  }
  rusage after = {};
  getrusage(RUSAGE_CHILDREN, &after);
  const auto of = [](const rusage& usage) {
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  return (of(after) - of(before) + (CpuMilliseconds() - own) * 1e3) / lives;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void Tax(const char* program) {
  constexpr int kRounds = 15;
  constexpr int kSpawns = 300;
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> ratio;
  for (int round = 0; round < kRounds; ++round) {
    without.push_back(SpawnCost(program, kSpawns));
    const auto events = Must(TaskEvents::Load({}));
    with.push_back(SpawnCost(program, kSpawns));
    ratio.push_back(with.back() / without.back());
  }
  (void)std::printf(
      "fork, exec and exit of a host's process  %6.1f us, watched %6.1f us, ratio %.3f\n",
      Median(without), Median(with), Median(ratio));
}

// Time in our programs for each event that wakes nobody, as the kernel counts it.
void EventCost(const char* program) {
  const int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
  const auto events = Must(TaskEvents::Load({}));
  SpawnCost(program, 2'000);
  std::uint32_t id = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    const int fd = bpf_prog_get_fd_by_id(id);
    bpf_prog_info info = {};
    std::uint32_t size = sizeof info;
    const bool told = bpf_obj_get_info_by_fd(fd, &info, &size) == 0;
    const std::string_view name(info.name);
    const bool ours = name == "on_fork" || name == "on_exec" || name == "on_exit";
    if (told && ours && info.run_cnt >= 2'000) {
      (void)std::printf(
          "%-10s in the kernel                 %6.2f us each\n", info.name,
          static_cast<double>(info.run_time_ns) / 1e3 / static_cast<double>(info.run_cnt));
    }
    close(fd);
  }
  close(stats);
}

}  // namespace
}  // namespace hullmark::bench

int main(int count, char** arguments) {
  namespace bench = hullmark::bench;
  constexpr std::uint32_t kLives = 6'000;
  const std::string life =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_life";
  const char* const program = life.c_str();
  const auto lives =
      count > 1 ? static_cast<std::uint32_t>(std::strtoul(arguments[1], nullptr, 10)) : kLives;
  bench::Bench(program, lives).Run();
  bench::EventCost(program);
  bench::Tax(program);
  return 0;
}
