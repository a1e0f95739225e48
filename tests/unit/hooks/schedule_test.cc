// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "agent/hooks/delivery.h"

namespace hullmark {
namespace {

using std::chrono::hours, std::chrono::milliseconds, std::chrono::seconds;
using Fate = Schedule::Fate;

constexpr AttemptEnd kOk{.attempt = Attempt::kDelivered, .status = 204};
constexpr AttemptEnd kDown{.attempt = Attempt::kUnconnected};
constexpr AttemptEnd kError{.attempt = Attempt::kRefused, .status = 500};

class ScheduleTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kRed = 1, kBlue = 2;

  // What is tried at this time, and how that ends.
  std::optional<std::uint64_t> Try(const AttemptEnd& outcome) {
    const auto number = schedule_.Take(now_);
    if (!number) return number;
    fate_ = schedule_.Settle(outcome, now_);
    if (fate_ != Fate::kKept) schedule_.Remove(*number);
    return number;
  }

  double random_ = 0;
  Schedule schedule_{[this] { return random_; }};
  Schedule::Moment now_{hours(1)};
  Fate fate_ = Fate::kKept;
};

TEST(RetryDelayTest, DoublesUpToFiveMinutesLessChance) {
  EXPECT_EQ(RetryDelay(1, 0), milliseconds(1'000));
  EXPECT_EQ(RetryDelay(2, 0), milliseconds(2'000));
  EXPECT_EQ(RetryDelay(9, 0), milliseconds(256'000));
  EXPECT_EQ(RetryDelay(10, 0), milliseconds(300'000));
  EXPECT_EQ(RetryDelay(2'000'000'000, 0), milliseconds(300'000));
  EXPECT_EQ(RetryDelay(1, 1), milliseconds(500));
  EXPECT_EQ(RetryDelay(10, 0.5), milliseconds(225'000));
}

TEST_F(ScheduleTest, SomebodyElseIsTriedAtOnce) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kBlue);
  EXPECT_EQ(Try(kError), 1);
  now_ += seconds(10);
  for (int times = 0; times < 10; ++times) {
    Try(kDown);
    now_ = std::max(now_, schedule_.WakeAt().value());
  }
  EXPECT_EQ(Try(kError), 1);
  EXPECT_EQ(Try(kOk), std::nullopt);
  schedule_.BeginAnew();
  EXPECT_EQ(schedule_.failures(), 0);
  EXPECT_EQ(Try(kOk), 1);
  EXPECT_EQ(Try(kOk), 2);
}

TEST_F(ScheduleTest, OldestFirstOneAtATime) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kBlue);
  EXPECT_EQ(schedule_.Take(now_), 1);
  EXPECT_EQ(schedule_.Take(now_), std::nullopt);
  EXPECT_EQ(schedule_.WakeAt(), std::nullopt);
  EXPECT_EQ(schedule_.Settle(kOk, now_), Fate::kDelivered);
  schedule_.Remove(1);
  EXPECT_EQ(Try(kOk), 2);
  EXPECT_EQ(Try(kOk), std::nullopt);
}

TEST_F(ScheduleTest, AReceiverThatIsDownIsAskedLessAndLess) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kBlue);
  EXPECT_EQ(Try(kDown), 1);
  EXPECT_EQ(schedule_.WakeAt(), now_ + seconds(1));
  now_ += milliseconds(999);
  EXPECT_EQ(Try(kDown), std::nullopt);
  now_ += milliseconds(1);
  EXPECT_EQ(Try(kDown), 1);
  EXPECT_EQ(schedule_.WakeAt(), now_ + seconds(2));
  for (int times = 0; times < 2'000; ++times) {
    now_ += seconds(300);
    ASSERT_EQ(Try(kDown), 1);
    ASSERT_EQ(fate_, Fate::kKept);
  }
  now_ += seconds(300);
  EXPECT_EQ(Try(kOk), 1);
  EXPECT_EQ(Try(kOk), 2) << "at once";
}

TEST_F(ScheduleTest, ALetterThatIsRefusedKeepsItsLaneOnly) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kRed);
  schedule_.Add(3, kBlue);
  EXPECT_EQ(Try(kError), 1);
  now_ += seconds(1);
  EXPECT_EQ(Try(kError), 1);
  now_ += milliseconds(1'999);
  EXPECT_EQ(Try(kOk), std::nullopt) << "a pause of the hook";
  now_ += milliseconds(1);
  EXPECT_EQ(Try(kError), 1);
  now_ += seconds(3);
  EXPECT_EQ(Try(kOk), std::nullopt);
  now_ += milliseconds(999);
  schedule_.Add(4, kBlue);
  EXPECT_EQ(schedule_.WakeAt(), now_ + milliseconds(1));
  now_ += milliseconds(1);
  EXPECT_EQ(Try(kOk), 1);
  EXPECT_EQ(Try(kOk), 2);
  EXPECT_EQ(Try(kOk), 3);
  EXPECT_EQ(Try(kOk), 4);
}

TEST_F(ScheduleTest, OthersOvertakeALetterThatIsNeverTaken) {
  schedule_.Add(1, kRed);
  for (std::uint64_t number = 2; number < 50; ++number) schedule_.Add(number, kBlue);
  int others = 0;
  for (int second = 0; second < 600; ++second) {
    while (const auto number = schedule_.Take(now_)) {
      if (schedule_.Settle(*number == 1 ? kError : kOk, now_) != Fate::kKept) {
        schedule_.Remove(*number);
        ++others;
      }
    }
    now_ += seconds(1);
  }
  EXPECT_EQ(others, 48);
}

TEST_F(ScheduleTest, WhatIsAnsweredButNeverTakenIsGivenUpAfterADay) {
  schedule_.Add(1, kRed);
  const auto began = now_;
  EXPECT_EQ(Try(kError), 1);
  while (fate_ == Fate::kKept) {
    now_ += seconds(300);
    Try(kError);
  }
  EXPECT_EQ(fate_, Fate::kGivenUp);
  EXPECT_EQ(now_ - began, hours(24));
}

TEST_F(ScheduleTest, WhatTheReceiverNeverWantsIsNotTriedAgain) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kRed);
  EXPECT_EQ(Try({.attempt = Attempt::kRejected, .status = 400}), 1);
  EXPECT_EQ(fate_, Fate::kRejected);
  EXPECT_EQ(Try(kOk), 2);
}

TEST_F(ScheduleTest, WhoSaysHowLongToWaitIsBelieved) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kBlue);
  EXPECT_EQ(Try({.attempt = Attempt::kRefused, .status = 429, .retry_after = seconds(120)}), 1);
  EXPECT_EQ(schedule_.WakeAt(), now_ + seconds(120));
  now_ += seconds(120);
  EXPECT_EQ(Try(kOk), 1);
}

TEST_F(ScheduleTest, WhatIsGoneUnderWayDoesNotComeBack) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kRed);
  EXPECT_EQ(schedule_.Take(now_), 1);
  schedule_.Remove(1);
  EXPECT_EQ(schedule_.under_way(), std::nullopt);
  EXPECT_EQ(Try(kOk), 2);
  schedule_.Remove(2);
  EXPECT_EQ(schedule_.WakeAt(), std::nullopt);
}

TEST_F(ScheduleTest, WhatWaitsCanGo) {
  schedule_.Add(1, kRed);
  schedule_.Add(2, kRed);
  EXPECT_EQ(Try(kError), 1);
  schedule_.Remove(1);
  now_ += seconds(1);
  EXPECT_EQ(Try(kOk), 2);
  EXPECT_EQ(schedule_.Take(now_ + hours(1)), std::nullopt);
}

TEST(AttemptOfStatusTest, WhatAnswersMean) {
  for (const int status : {200, 202, 204, 299}) {
    EXPECT_EQ(AttemptOfStatus(status), Attempt::kDelivered) << status;
  }
  for (const int status : {400, 413, 415, 422}) {
    EXPECT_EQ(AttemptOfStatus(status), Attempt::kRejected) << status;
  }
  for (const int status : {0, 100, 199, 301, 302, 308, 401, 403, 404, 408, 429, 500, 503, 999}) {
    EXPECT_EQ(AttemptOfStatus(status), Attempt::kRefused) << status;
  }
}

}  // namespace
}  // namespace hullmark
