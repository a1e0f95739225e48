// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/passwords.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <semaphore>
#include <string>
#include <vector>

namespace hullmark {
namespace {

// Of cost 4: "secret", "other".
const std::string kSecret = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string kOther = "$2b$04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu";
const std::string kGood = "Basic YWxpY2U6c2VjcmV0";    // alice:secret
const std::string kWrong = "Basic YWxpY2U6d3Jvbmc=";   // alice:wrong
const std::string kNobody = "Basic Ym9iOnNlY3JldA==";  // bob:secret

class WithPasswords : public testing::Test {
 protected:
  using Verdict = Passwords::Verdict;

  void SetUp() override { passwords_.SetUsers({{"alice", kSecret}}); }

  Verdict Check(const std::string& text, std::uint8_t client = 1, std::uint64_t ticket = 7) {
    return passwords_.Check(text, {client}, ticket);
  }

  // The verdict that the thread comes to.
  std::vector<Passwords::Done> Wait() {
    woken_.acquire();
    return passwords_.TakeDone();
  }

  std::counting_semaphore<1000> woken_{0};
  Passwords passwords_{[this] { woken_.release(); }};
};

TEST_F(WithPasswords, ARightOneIsRemembered) {
  EXPECT_EQ(Check(kGood), Verdict::kLater);
  const auto done = Wait();
  ASSERT_EQ(done.size(), 1);
  EXPECT_EQ(done[0].ticket, 7);
  EXPECT_TRUE(done[0].right);
  EXPECT_EQ(Check(kGood), Verdict::kRight);
  EXPECT_EQ(Check("bAsIc YWxpY2U6c2VjcmV0"), Verdict::kRight) << "the scheme has no case";
}

TEST_F(WithPasswords, AWrongOneAndNobodyAreVerifiedAndRefusedEachTime) {
  for (const std::string& text : {kWrong, kNobody, kWrong, kNobody}) {
    EXPECT_EQ(Check(text), Verdict::kLater) << text;
    EXPECT_FALSE(Wait().at(0).right) << text;
  }
}

TEST_F(WithPasswords, WhatIsNoneIsWrongAtOnce) {
  for (const char* text : {"", "Basic", "Basic ", "Bearer YWxpY2U6c2VjcmV0", "Basic !!!!",
                           "Basic YWxpY2U=", "Basic YWxpY2U6c2VjcmV0AA=="}) {
    EXPECT_EQ(Check(text), Verdict::kWrong) << text;
  }
}

TEST_F(WithPasswords, AReloadForgetsWhoIsNoLongerOne) {
  Check(kGood);
  Wait();
  passwords_.SetUsers({{"alice", kSecret}, {"bob", kOther}});
  EXPECT_EQ(Check(kGood), Verdict::kRight) << "nothing changed for her";
  passwords_.SetUsers({{"alice", kOther}});
  EXPECT_EQ(Check(kGood), Verdict::kLater);
  EXPECT_FALSE(Wait().at(0).right);
  passwords_.SetUsers({{"bob", kOther}});
  EXPECT_EQ(Check(kGood), Verdict::kLater);
  EXPECT_FALSE(Wait().at(0).right);
}

TEST_F(WithPasswords, AReloadCountsForWhatIsBeingVerified) {
  for (const Users& users : {Users{{"alice", kOther}}, Users{{"bob", kSecret}}}) {
    passwords_.SetUsers({{"alice", kSecret}});
    ASSERT_EQ(Check(kGood), Verdict::kLater);
    EXPECT_TRUE(passwords_.SetUsers(users));
    EXPECT_FALSE(passwords_.SetUsers(users)) << "the same again";
    EXPECT_FALSE(Wait().at(0).right);
  }
}

TEST_F(WithPasswords, WrongOnesHoldUpNeitherTheKnownNorOtherAddresses) {
  Check(kGood);
  Wait();
  int asked = 0;
  while (Check(kWrong, 9) != Verdict::kBusy) ++asked;
  EXPECT_GE(asked, 2) << "of one address, two at a time";
  EXPECT_EQ(Check(kGood, 9), Verdict::kRight);
  EXPECT_EQ(Check(kWrong, 10), Verdict::kLater);
}

}  // namespace
}  // namespace hullmark
