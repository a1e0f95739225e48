// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/watcher.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/quiet_thread.h"
#include "agent/bpf/task_event.h"
#include "agent/collect/event_facts.h"
#include "agent/collect/record_facts.h"
#include "agent/daemon/exec_ledger.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/reflex.h"
#include "agent/evaluate/process_judge.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Events that woke nobody wait no longer than this: 2,000 a second fill a fiftieth of the ring.
constexpr int kDrainMilliseconds = 50;
// Taken in one go, so that a look need not wait long for its turn.
constexpr std::size_t kBatch = 512;
constexpr std::size_t kMostInRing = 100'000;
constexpr std::chrono::microseconds kYield{50};
// An action waits for the disk, and for the end of its victim.
constexpr std::size_t kReactionsAtOnce = 4;
constexpr std::size_t kMostOffences = 1'024;  // That wait for their turn.

std::uint64_t Nanoseconds(const timespec& time) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  return static_cast<std::uint64_t>(time.tv_sec) * kBillion +
         static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t BootNanoseconds() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Nanoseconds(now);
}

// Of the day.
Timestamp TimeOf(const TaskEvent& event) {
  timespec real = {};
  clock_gettime(CLOCK_REALTIME, &real);
  const std::uint64_t age = BootNanoseconds() - event.turn.at;
  return Timestamp{static_cast<std::int64_t>(Nanoseconds(real) - age)};
}

void Signal(int eventfd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(eventfd, &one, sizeof one);
}

// One of those whom the watcher's thread lets go first.
class Waiting {
 public:
  explicit Waiting(std::atomic<int>& count) : count_(count) { ++count_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --count_; }

 private:
  std::atomic<int>& count_;
};

}  // namespace

void LatencyCounts::Add(double seconds) {
  const auto bound = std::ranges::lower_bound(kDetectionBounds, seconds);
  ++counts.at(static_cast<std::size_t>(bound - kDetectionBounds.begin()));
  sum += seconds;
}

Watcher::Watcher(EventFeed feed, std::function<void(const LiveExec&)> tell, Tells tells)
    : feed_(std::move(feed)),
      tell_(std::move(tell)),
      tells_(tells),
      wanted_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_(PromptThread([this] { Run(); })) {}

Watcher::~Watcher() {
  Signal(stop_.get());
  thread_.join();
}

void Watcher::Run() {
  std::array<pollfd, 2> ready = {pollfd{.fd = feed_.fd, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  int wait = kDrainMilliseconds;
  while (ready[1].revents == 0) {
    poll(ready.data(), ready.size(), wait);
    // A mutex alone is not fair.
    while (waiting_ > 0) std::this_thread::sleep_for(kYield);
    try {
      const bool more = Drain(kBatch);
      wait = ReactToSome() || more ? 0 : kDrainMilliseconds;
    } catch (const std::exception& error) {
      spdlog::error("watch: {}", error.what());
      CountLeftOut(1);
      WantLook();
    }
  }
}

bool Watcher::Drain(std::size_t most) {
  std::vector<LiveExec> told;
  std::size_t taken = 0;
  {
    const std::lock_guard lock(mutex_);
    taken = feed_.drain(most, [this](const TaskEvent& event) { Take(event); });
    const FeedCounts now = feed_.counts();
    const FeedCounts before = std::exchange(counts_.feed, now);
    if (now.lost != before.lost) ledger_.Forget();
    if (now != before) WantLook();
    told = std::exchange(to_tell_, {});
  }
  for (const LiveExec& exec : told) tell_(exec);
  return taken == most;
}

void Watcher::Take(const TaskEvent& event) {
  if (event.turn.turn >= kTaskTurns) return;
  ++counts_.events.at(event.turn.turn);
  const EventVerdict verdict = ledger_.Take(event);
  if (verdict.unplaced) ++counts_.unplaced;
  if (verdict.left_out) ++counts_.left_out;
  if (verdict.judged) {
    constexpr double kNanosecond = 1e-9;
    const std::uint64_t now = BootNanoseconds();
    counts_.latency.Add(static_cast<double>(now - std::min<std::uint64_t>(now, event.turn.at)) *
                        kNanosecond);
  }
  if (verdict.unplaced || verdict.left_out || verdict.has_news) WantLook();
  const bool tells = verdict.container && tells_ == Tells::kEveryExec;
  if (tells || verdict.has_news) to_tell_.push_back(Describe(event, verdict));
  if (react_ && !verdict.fails.empty()) Offend(event, verdict);
}

void Watcher::Offend(const TaskEvent& event, const EventVerdict& verdict) {
  const Snapshot& snapshot = picture_->snapshot();
  auto life = LifeOf(snapshot, snapshot.containers[*verdict.container]);
  if (!life) return;
  if (offences_.size() >= kMostOffences) return WantLook();
  offences_.push_back({.at = TimeOf(event),
                       .life = std::move(*life),
                       .process = Pid{event.turn.tgid},
                       .started = StatOf(event.task).start,
                       .violations = InWords(verdict.fails, false)});
}

// By the picture as it is then. Some at a time: others wait for this lock.
bool Watcher::ReactToSome() {
  const std::lock_guard lock(mutex_);
  for (std::size_t count = 0; react_ && !offences_.empty() && count < kReactionsAtOnce; ++count) {
    if (waiting_ > 0) break;
    const Offence offence = std::move(offences_.front());
    offences_.pop_front();
    const ContainerIdentity container{
        .id = offence.life.id, .init = offence.life.init, .init_start = offence.life.started};
    const bool settled = react_(offence, [&](const TaskEvent& event) {
      return InWords(ledger_.JudgeAgain(event, container), false);
    });
    if (settled) continue;
    WantLook();
    break;  // Somebody else is at work, perhaps for long.
  }
  return !offences_.empty();
}

std::vector<LiveViolation> Watcher::InWords(const std::vector<ProcessFail>& fails,
                                            bool news_only) const {
  std::vector<LiveViolation> violations;
  for (const ProcessFail& fail : fails) {
    if (news_only && !fail.is_news) continue;
    violations.push_back({.control = picture_->benchmark().controls[fail.control].id,
                          .severity = fail.severity,
                          .fact = fail.fact});
  }
  return violations;
}

LiveExec Watcher::Describe(const TaskEvent& event, const EventVerdict& verdict) const {
  const Snapshot& snapshot = picture_->snapshot();
  const Container& container = snapshot.containers[*verdict.container];
  LiveExec exec{.at = TimeOf(event),
                .container_id = std::string(snapshot.Text(container.id)),
                .container = std::string(snapshot.Text(container.name)),
                .pid = event.turn.tgid,
                .uid = event.task.euid,
                .executable = static_cast<const char*>(event.executable_name),
                .joined = verdict.joined,
                .violations = InWords(verdict.fails, true)};
  return exec;
}

void Watcher::WantLook() { Signal(wanted_.get()); }

bool Watcher::TakeWanted() {
  std::uint64_t times = 0;
  return read(wanted_.get(), &times, sizeof times) == ssize_t{sizeof times};
}

std::vector<SeenExec> Watcher::TakeSeen(std::uint64_t looked_at) {
  const Waiting turn(waiting_);
  // What has happened until now, whoever was woken for it; what happens meanwhile can wait.
  Drain(kMostInRing);
  std::vector<SeenExec> seen;
  {
    const std::lock_guard lock(mutex_);
    seen = ledger_.TakeSeen(looked_at);
  }
  return seen;
}

void Watcher::CountLeftOut(std::size_t count) {
  const std::lock_guard lock(mutex_);
  counts_.left_out += count;
}

void Watcher::Show(std::unique_ptr<WatchPicture> picture, React react) {
  const Waiting turn(waiting_);
  {
    const std::lock_guard lock(mutex_);
    ledger_.Show(picture.get());
    if (picture && feed_.set_host) feed_.set_host(ledger_.host());
    std::swap(picture_, picture);
    std::swap(react_, react);
    if (!react_) offences_.clear();
  }
}

WatchCounts Watcher::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace hullmark
