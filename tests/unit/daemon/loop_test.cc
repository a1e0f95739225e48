// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/clock.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Moment kStart = Moment{} + seconds(1'000);

// Time that passes when the loop waits, and things that happen at their time. A scan takes as long
// as the test says.
class FakeClock : public Clock {
 public:
  Moment Now() override { return now_; }
  Wakes WaitUntil(Moment deadline) override {
    const auto next = happenings_.begin();
    if (next != happenings_.end() && next->first <= std::max(deadline, now_)) {
      now_ = std::max(now_, next->first);
      const Wakes wakes = next->second;
      happenings_.erase(next);
      return wakes;
    }
    now_ = std::max(now_, deadline);
    return {};
  }
  void At(milliseconds when, const Wakes& wakes) { happenings_.emplace(kStart + when, wakes); }
  void In(milliseconds wait, const Wakes& wakes) { happenings_.emplace(now_ + wait, wakes); }

 private:
  Moment now_ = kStart;
  std::multimap<Moment, Wakes> happenings_;
};

struct Played {
  std::vector<std::string> scans{};  // "0 interval": milliseconds since the start, reason.
  int ended = 0, reloads = 0;
  LoopCounts counts;
  bool scanning = false;
  std::chrono::nanoseconds longest{};  // That a scan was seen to run.
};

struct Play {
  std::vector<std::pair<milliseconds, Wakes>> happenings{};
  milliseconds until{60'000};
  std::vector<milliseconds> takes = {milliseconds(100)};  // Per scan; the last for all the others.
  LoopTiming timing{};
  int nameless = 0;  // Scans after which a name is awaited.
};

Played Act(const Play& play) {
  FakeClock clock;
  for (const auto& [when, wakes] : play.happenings) clock.At(when, wakes);
  clock.At(play.until, {.stop = true});
  Played played;
  const auto begin = [&](ScanReason reason) {
    const auto at = std::chrono::duration_cast<milliseconds>(clock.Now() - kStart).count();
    const std::size_t nth = std::min(played.scans.size(), play.takes.size() - 1);
    played.scans.push_back(std::to_string(at) + " " + std::string(NameOf(reason)));
    clock.In(play.takes[nth], {.scan_done = true});
  };
  Loop loop(
      clock, play.timing,
      {.begin_scan = begin,
       .end_scan = [&] { ++played.ended; },
       .reload =
           [&] {
             ++played.reloads;
             EXPECT_FALSE(loop.scanning());
             return LoopTiming{.interval = seconds(20)};
           },
       .upkeep =
           [&](Moment now) { played.longest = std::max(played.longest, loop.ScanningFor(now)); },
       .awaits_names = [&] { return played.ended <= play.nameless; }});
  loop.Run();
  played.counts = loop.counts();
  played.scanning = loop.scanning();
  return played;
}

using Scans = std::vector<std::string>;

TEST(Loop, ScansAtOnceAndEveryInterval) {
  const Played played = Act({.until = seconds(46)});
  EXPECT_EQ(played.scans,
            (Scans{"0 interval", "15000 interval", "30000 interval", "45000 interval"}));
  EXPECT_EQ(played.ended, 4);
  EXPECT_EQ(played.counts.missed, 0);
  EXPECT_EQ(played.counts.over_budget, 0);
}

TEST(Loop, TellsHowLongAScanHasRun) {
  // Looked at each second; at the third it has ended.
  const Played played = Act({.until = seconds(14), .takes = {seconds(3)}});
  EXPECT_EQ(played.longest, seconds(2));
}

TEST(Loop, ScansWhenAskedAndCountsTheIntervalFromThere) {
  const Played played =
      Act({.happenings = {{seconds(5), {.scan_now = true}}}, .until = seconds(21)});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "5000 asked", "20000 interval"}));
}

TEST(Loop, WhatIsAskedDuringAScanHappensOnceAfterIt) {
  const Played played = Act({.happenings = {{milliseconds(50), {.scan_now = true}},
                                            {milliseconds(60), {.scan_now = true}},
                                            {milliseconds(70), {.scan_now = true}}},
                             .until = seconds(3)});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "100 asked"}));
}

TEST(Loop, SoonAfterACgroupWasBorn) {
  const Played played = Act({.happenings = {{seconds(5), {.cgroups = true}},
                                            {milliseconds(5'010), {.cgroups = true}},
                                            {milliseconds(5'200), {.cgroups = true}}},
                             .until = seconds(14)});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "5250 cgroups"}));
}

TEST(Loop, SoonAfterAContainerWithoutAName) {
  const Played played =
      Act({.until = seconds(41), .timing = {.interval = seconds(30)}, .nameless = 2});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "5100 names", "10200 names", "40200 interval"}));
}

TEST(Loop, ACgroupBornDuringAScanIsLookedForAfterARest) {
  const Played played =
      Act({.happenings = {{milliseconds(50), {.cgroups = true}}}, .until = seconds(9)});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "1100 cgroups"}));
}

TEST(Loop, ChurnTakesAFifthOfTheTimeAtMost) {
  Play play{.until = seconds(60), .takes = {seconds(1)}};
  for (int at = 0; at < 60'000; at += 10) {
    play.happenings.emplace_back(milliseconds(at), Wakes{.cgroups = true});
  }
  const Played played = Act(play);
  EXPECT_GE(played.scans.size(), 11U);
  EXPECT_LE(played.scans.size(), 13U);
}

TEST(Loop, AScanNeverOverlapsAndALateOneIsCounted) {
  // Due at 15, 30 and 45 s, all of them while the first is still running.
  const Played played = Act({.until = seconds(62), .takes = {seconds(50), milliseconds(100)}});
  EXPECT_EQ(played.scans, (Scans{"0 interval", "50000 interval"}));
  EXPECT_EQ(played.counts.missed, 2);
  EXPECT_EQ(played.counts.over_budget, 1);
}

TEST(Loop, AScanThatIsStillRunningIsOverItsBudget) {
  const Played played = Act({.until = seconds(10), .takes = {seconds(3'600)}});
  EXPECT_EQ(played.counts.over_budget, 1);
  EXPECT_TRUE(played.scanning);
  EXPECT_EQ(played.ended, 0);
}

TEST(Loop, ReloadsBetweenScansAndScansWithWhatIsNew) {
  const Played played =
      Act({.happenings = {{milliseconds(50), {.reload = true}}}, .until = seconds(21)});
  EXPECT_EQ(played.reloads, 1);
  EXPECT_EQ(played.scans, (Scans{"0 interval", "100 reload", "20100 interval"}));
}

TEST(Loop, GivesUpWhenToldTo) {
  FakeClock clock;
  int ended = 0;
  Loop loop(clock, {},
            {.begin_scan = [&](ScanReason) { clock.In(seconds(1), {.scan_done = true}); },
             .end_scan = [&] { ++ended; },
             .reload = [] { return LoopTiming{}; },
             .upkeep = [](Moment) {},
             .give_up = [&] { return ended == 3; }});
  loop.Run();
  EXPECT_EQ(ended, 3);
}

}  // namespace
}  // namespace hullmark
