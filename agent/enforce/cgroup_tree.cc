// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/enforce/limit_change.h"
#include "agent/enforce/recheck.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

constexpr milliseconds kPoll{2};
constexpr milliseconds kFreezing{500};
constexpr milliseconds kWalk{1'000};  // The longest; who may make cgroups may make very many.
constexpr int kMostDepth = 128;
constexpr std::size_t kMostChildren = std::size_t{1} << 16;
constexpr std::size_t kAtOnce = 256;  // Descriptors that are held.

void AddNumbers(std::string_view text, std::vector<pid_t>& pids) {
  while (!text.empty()) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error == std::errc{}) pids.push_back(pid);  // 0: of another pid namespace than ours.
    const auto newline = text.find('\n');
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
}

// Of a cgroup that is gone, or a threaded one: its processes are those of the one above.
bool HasNone(ErrorCode code) {
  return code == ErrorCode::kNotFound || code == ErrorCode::kUnsupported;
}

// The processes of a cgroup and of those below it. False: not all of them could be told in time.
bool AddProcesses(const Fd& directory, int depth, Instant until, std::vector<pid_t>& pids) {
  const auto own = ReadValue(directory, "cgroup.procs");
  if (own) AddNumbers(*own, pids);
  bool whole = own || HasNone(own.error().code);
  if (depth >= kMostDepth) return false;
  const auto names = ListDirectory(directory.get(), ".", kMostChildren);
  if (!names) return whole && HasNone(names.error().code);
  for (const std::string& name : *names) {
    if (std::chrono::steady_clock::now() >= until) return false;
    const auto child = OpenDirectory(directory.get(), name.c_str());
    // What is no directory is a file of the cgroup.
    if (!child && !HasNone(child.error().code)) whole = false;
    if (child && !AddProcesses(*child, depth + 1, until, pids)) whole = false;
  }
  return whole;
}

struct Processes {
  std::vector<pid_t> pids{};
  bool whole = false;

  bool AreGone() const { return whole && pids.empty(); }
};

Processes ProcessesOf(const Fd& directory) {
  Processes found;
  found.whole = AddProcesses(directory, 0, std::chrono::steady_clock::now() + kWalk, found.pids);
  std::ranges::sort(found.pids);
  return found;
}

// Of the v2 hierarchy the kernel says it in one line, however much there is below.
bool IsEmpty(const ContainerPlaces& places, const Fd& own) {
  if (places.unified != places.own) return ProcessesOf(own).AreGone();
  const auto events = ReadValue(own, "cgroup.events");
  return events ? events->contains("populated 0") : HasNone(events.error().code);
}

// By a descriptor that was opened before the cgroup was asked for its processes a second time: who
// is in it then is meant.
void KillSome(const Fd& directory, std::span<const pid_t> pids) {
  std::vector<std::pair<pid_t, Fd>> held;
  for (const pid_t pid : pids) {
    if (pid <= 1) continue;
    Fd descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (descriptor) held.emplace_back(pid, std::move(descriptor));
  }
  const std::vector<pid_t> still = ProcessesOf(directory).pids;
  for (const auto& [pid, descriptor] : held) {
    if (!std::ranges::binary_search(still, pid)) continue;
    syscall(SYS_pidfd_send_signal, descriptor.get(), SIGKILL, nullptr, 0);
  }
}

// Who is left when its time is over has to wait for the next round.
void KillEach(const Fd& directory) {
  const Instant until = std::chrono::steady_clock::now() + kWalk;
  const std::vector<pid_t> pids = ProcessesOf(directory).pids;
  std::span<const pid_t> rest = pids;
  do {
    const std::size_t count = std::min(kAtOnce, rest.size());
    KillSome(directory, rest.first(count));
    rest = rest.subspan(count);
  } while (!rest.empty() && std::chrono::steady_clock::now() < until);
}

bool AwaitEmpty(const ContainerPlaces& places, const Fd& own, Instant until) {
  while (!IsEmpty(places, own)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

bool KillAtOnce(const ContainerPlaces& places) {
  if (!places.unified) return false;
  const auto directory = OpenPlace(*places.unified);
  return directory && WriteValue(*directory, "cgroup.kill", "1").has_value();
}

// Frozen nobody forks away; a freezer that hangs is thawed and done without.
void KillFrozen(const ContainerPlaces& places, const Fd& own, const FreezeSteps& steps) {
  const auto freeze = FreezeChange(places);
  const bool frozen = freeze && steps.freeze(*freeze).has_value();
  if (frozen) static_cast<void>(AwaitFrozen(*freeze, kFreezing));
  KillEach(own);
  // Whoever had frozen it before: what a v1 freezer holds does not die.
  if (freeze) steps.thaw(*freeze);
}

}  // namespace

Result<LimitChange> FreezeChange(const ContainerPlaces& places) {
  const bool v1 = places.freezer.has_value();
  if (!v1 && !places.unified) {
    return Fail(ErrorCode::kUnsupported, "no cgroup of its own has a freezer");
  }
  LimitChange change{.place = v1 ? *places.freezer : *places.unified,
                     .file = v1 ? "freezer.state" : "cgroup.freeze",
                     .value = v1 ? "FROZEN" : "1"};
  const auto directory = OpenPlace(change.place);
  if (!directory) return std::unexpected(directory.error());
  const auto former = ReadValue(*directory, change.file);
  if (!former) return std::unexpected(former.error());
  // On its way it is on somebody's way.
  change.former = v1 && *former == "FREEZING" ? "FROZEN" : *former;
  return change;
}

Result<void> AwaitFrozen(const LimitChange& change, milliseconds deadline) {
  const Instant until = std::chrono::steady_clock::now() + deadline;
  while (true) {
    const auto directory = OpenPlace(change.place);
    if (!directory) return std::unexpected(directory.error());
    const bool v1 = change.file == "freezer.state";
    const auto text = ReadValue(*directory, v1 ? change.file : "cgroup.events");
    if (!text) return std::unexpected(text.error());
    if (v1 ? *text == "FROZEN" : text->contains("frozen 1")) return {};
    if (std::chrono::steady_clock::now() >= until) {
      return Fail(ErrorCode::kIo, change.place.directory + ": it does not freeze in time");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<void> Thaw(const LimitChange& freeze) {
  const auto directory = OpenPlace(freeze.place);
  if (!directory) return std::unexpected(directory.error());
  return Set(*directory, freeze, freeze.file == "freezer.state" ? "THAWED" : "0");
}

bool IsEmptyTree(const ContainerPlaces& places) {
  const auto own = OpenPlace(places.own);
  if (!own) return own.error().code == ErrorCode::kVanished;
  return IsEmpty(places, *own);
}

Result<std::string> KillTree(const ContainerPlaces& places, milliseconds deadline,
                             const FreezeSteps& steps) {
  const Instant until = std::chrono::steady_clock::now() + deadline;
  const auto own = OpenPlace(places.own);
  if (!own) return std::unexpected(own.error());
  const bool at_once = KillAtOnce(places);
  if (at_once && AwaitEmpty(places, *own, until)) return "cgroup.kill";
  do {
    KillFrozen(places, *own, steps);
    if (AwaitEmpty(places, *own, std::min(until, std::chrono::steady_clock::now() + kFreezing))) {
      return at_once ? "cgroup.kill, then SIGKILL" : "SIGKILL";
    }
  } while (std::chrono::steady_clock::now() < until);
  return Fail(ErrorCode::kIo, std::to_string(ProcessesOf(*own).pids.size()) +
                                  " processes were sent SIGKILL and have not ended");
}

}  // namespace hullmark
