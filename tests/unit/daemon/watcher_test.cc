// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/watcher.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/bpf/task_event.h"
#include "agent/daemon/exec_ledger.h"
#include "agent/daemon/inspection.h"
#include "agent/enforce/reflex.h"
#include "agent/evaluate/evaluate.h"
#include "hullmark/benchmark.h"
#include "hullmark/ids.h"
#include "hullmark/live.h"
#include "hullmark/report.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/daemon/watched_world.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kLater = ~std::uint64_t{0};

// A ring that the test writes.
class FakeRing {
 public:
  EventFeed Feed() {
    return {.fd = ready_.get(),
            .drain = [this](std::size_t most, const auto& take) { return Drain(most, take); },
            .counts =
                [this] {
                  const std::lock_guard lock(mutex_);
                  return counts_;
                },
            .set_host =
                [this](const auto& host) {
                  const std::lock_guard lock(mutex_);
                  host_ = host;
                }};
  }
  void Put(const TaskEvent& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    const std::uint64_t one = 1;
    EXPECT_EQ(write(ready_.get(), &one, sizeof one), ssize_t{sizeof one});
  }
  void Lose(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    counts_.lost += count;
  }
  std::array<std::uint32_t, kRecordNamespaces> host() {
    const std::lock_guard lock(mutex_);
    return host_;
  }

 private:
  std::size_t Drain(std::size_t most, const std::function<void(const TaskEvent&)>& take) {
    std::deque<TaskEvent> taken;
    {
      const std::lock_guard lock(mutex_);
      std::uint64_t times = 0;
      (void)!read(ready_.get(), &times, sizeof times);
      while (!events_.empty() && taken.size() < most) {
        taken.push_back(events_.front());
        events_.pop_front();
      }
    }
    for (const TaskEvent& event : taken) take(event);
    return taken.size();
  }

  Fd ready_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::mutex mutex_;
  std::deque<TaskEvent> events_;
  FeedCounts counts_;
  std::array<std::uint32_t, kRecordNamespaces> host_{};
};

// What a watcher tells of.
template <typename T>
class Heard {
 public:
  void Take(const T& one) {
    const std::lock_guard lock(mutex_);
    all_.push_back(one);
    changed_.notify_all();
  }
  std::vector<T> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> all_;
};

bool IsWanted(Watcher& watcher) {
  pollfd wanted = {.fd = watcher.fd(), .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, 20'000) == 1 && watcher.TakeWanted();
}

class WatcherTest : public testing::Test {
 protected:
  std::unique_ptr<WatchPicture> Picture() const {
    Snapshot snapshot = HostWithAContainer();
    const Report report = Evaluate(snapshot, benchmark_, {});
    return std::make_unique<WatchPicture>(std::move(snapshot), benchmark_, report);
  }

  Benchmark benchmark_ = NobodyIsAdmin();
  FakeRing ring_;
  Heard<LiveExec> told_;
};

TEST_F(WatcherTest, TellsOfViolationsAndAsksForALook) {
  Watcher watcher(
      ring_.Feed(), [this](const LiveExec& exec) { told_.Take(exec); },
      Watcher::Tells::kViolations);
  watcher.Show(Picture());
  EXPECT_EQ(ring_.host().at(0), kHostMounts);
  ring_.Put(Told(kTaskExecuted, kShell, kInit));
  ring_.Put(Told(kTaskExecuted, kShell + 1, kInit, kAdmin));
  const auto told = told_.Await(1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].container, "web");
  EXPECT_EQ(told[0].pid, kShell + 1);
  EXPECT_EQ(told[0].violations.at(0).control, "CAP-001");
  EXPECT_TRUE(IsWanted(watcher));
  EXPECT_FALSE(watcher.TakeWanted());
  EXPECT_EQ(watcher.TakeSeen(kLater).size(), 2U);
  const WatchCounts counts = watcher.counts();
  EXPECT_EQ(counts.events[kTaskExecuted], 2U);
  const auto& latencies = counts.latency.counts;
  EXPECT_EQ(std::accumulate(latencies.begin(), latencies.end(), std::uint64_t{0}), 2U);
}

TEST_F(WatcherTest, TellsOfEveryExecWhereItIsAsked) {
  Watcher watcher(
      ring_.Feed(), [this](const LiveExec& exec) { told_.Take(exec); }, Watcher::Tells::kEveryExec);
  watcher.Show(Picture());
  for (int i = 0; i < 3; ++i) ring_.Put(Told(kTaskExecuted, kShell, kOutside));
  const auto told = told_.Await(3);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[0].violations.empty());
  EXPECT_TRUE(told[2].joined);
}

// Of each of them, whether its container was known to fail or not.
TEST_F(WatcherTest, LetsReactToEachExecThatFails) {
  Heard<Offence> offences;
  std::vector<std::size_t> again;
  Watcher watcher(ring_.Feed(), [](const LiveExec&) {}, Watcher::Tells::kViolations);
  watcher.Show(Picture(), [&](const Offence& offence, const JudgeAgain& judge) {
    again.push_back(judge(Told(kTaskExecuted, kShell, kInit, kAdmin)).size());
    again.push_back(judge(Told(kTaskExecuted, kShell, kInit)).size());
    offences.Take(offence);
    return true;
  });
  ring_.Put(Told(kTaskExecuted, kShell, kInit));
  ring_.Put(Told(kTaskExecuted, kShell + 1, kInit, kAdmin));
  ring_.Put(Told(kTaskExecuted, kShell + 2, kInit, kAdmin));
  const auto offended = offences.Await(2);
  ASSERT_EQ(offended.size(), 2U);
  EXPECT_EQ(offended[1].process, Pid{kShell + 2});
  EXPECT_EQ(offended[1].started, BootTicks{500});
  EXPECT_EQ(offended[1].life.init, Pid{kInit});
  ASSERT_EQ(offended[1].violations.size(), 1U);
  EXPECT_EQ(offended[1].violations[0].control, "CAP-001");
  EXPECT_EQ(again, (std::vector<std::size_t>{1, 0, 1, 0}));
  watcher.Show(Picture());
  ring_.Put(Told(kTaskExecuted, kShell + 3, kInit, kAdmin));
  watcher.TakeSeen(kLater);
  EXPECT_EQ(offences.Await(2).size(), 2U);
}

// The second of a kind is no news, which would ask for one by itself.
TEST_F(WatcherTest, WhatCannotBeDoneAtOnceAsksForALook) {
  Heard<Offence> offences;
  std::atomic<bool> settled = true;
  Watcher watcher(ring_.Feed(), [](const LiveExec&) {}, Watcher::Tells::kViolations);
  watcher.Show(Picture(), [&](const Offence& offence, const JudgeAgain&) {
    const bool now = settled;
    offences.Take(offence);
    return now;
  });
  ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
  ASSERT_EQ(offences.Await(1).size(), 1U);
  EXPECT_TRUE(IsWanted(watcher));
  ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
  ASSERT_EQ(offences.Await(2).size(), 2U);
  EXPECT_FALSE(watcher.TakeWanted());
  settled = false;
  ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(IsWanted(watcher));
}

TEST_F(WatcherTest, LostEventsAreCountedAndAskForALook) {
  Watcher watcher(ring_.Feed(), [](const LiveExec&) {}, Watcher::Tells::kViolations);
  ring_.Lose(7);
  EXPECT_TRUE(IsWanted(watcher));
  EXPECT_EQ(watcher.counts().feed.lost, 7U);
}

// Whoever looks gets all that has happened until then, however little it mattered.
TEST_F(WatcherTest, WhatIsInTheRingIsSeenByWhoeverAsks) {
  Watcher watcher(ring_.Feed(), [](const LiveExec&) {}, Watcher::Tells::kViolations);
  watcher.Show(Picture());
  for (int i = 0; i < 3; ++i) ring_.Put(Told(kTaskExecuted, kShell, kInit));
  EXPECT_EQ(watcher.TakeSeen(kLater).at(0).times, 3U);
}

// The benchmark is the inspection's, and the watcher goes on.
TEST_F(WatcherTest, AnInspectionTakesItsPictureWithIt) {
  Watcher watcher(
      ring_.Feed(), [this](const LiveExec& exec) { told_.Take(exec); },
      Watcher::Tells::kViolations);
  {
    Standard standard{.benchmark = NobodyIsAdmin()};
    Inspection inspection(
        {.look = [](const Standard&) { return Result<Snapshot>(HostWithAContainer()); },
         .now = [] { return Timestamp{1}; },
         .watcher = &watcher},
        std::move(standard), EventMemory::Open({}, [](const std::string&) {}));
    EXPECT_TRUE(inspection.Scan({}).looked);
    ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
    EXPECT_EQ(told_.Await(1).size(), 1U);
  }
  watcher.TakeSeen(kLater);
  ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
  EXPECT_TRUE(watcher.TakeSeen(kLater).empty());
  EXPECT_EQ(told_.Await(1).size(), 1U);
}

// What came between two looks is in the second one.
TEST_F(WatcherTest, AScanTellsWhatHasEndedSinceTheLast) {
  Watcher watcher(ring_.Feed(), [](const LiveExec&) {}, Watcher::Tells::kViolations);
  std::vector<Event> events;
  std::int64_t now = 0;
  Standard standard{.benchmark = NobodyIsAdmin()};
  Inspection inspection(
      {.look = [&](const Standard&) { return Result<Snapshot>(HostWithAContainer(++now)); },
       .now = [] { return Timestamp{1}; },
       .watcher = &watcher,
       .tell =
           [&](const std::vector<Event>& some) {
             events.insert(events.end(), some.begin(), some.end());
           }},
      std::move(standard), EventMemory::Open({}, [](const std::string&) {}));
  (void)inspection.Scan({});
  inspection.Settle();
  ring_.Put(Told(kTaskExecuted, kShell, kInit, kAdmin));
  (void)inspection.Scan({});
  inspection.Settle();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, EventKind::kViolationAppeared);
}

}  // namespace
}  // namespace hullmark
