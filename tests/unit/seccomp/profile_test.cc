// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/profile.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/seccomp/answers.h"
#include "agent/seccomp/argument_set.h"
#include "agent/seccomp/profile_rules.h"
#include "agent/seccomp/rules.h"
#include "agent/seccomp/runtime_calls.h"
#include "agent/seccomp/walk.h"
#include "hullmark/caps.h"
#include "hullmark/filter_report.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"
#include "tests/unit/seccomp/assemble.h"

namespace hullmark::testing {
namespace {

using Operator = ProfileArgument::Operator;
using Relation = WordTest::Relation;
using Rules = std::optional<std::vector<ProfileRule>>;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | 1;
constexpr std::uint32_t kNone = SECCOMP_RET_ERRNO | 38;
constexpr std::uint32_t kKill = SECCOMP_RET_KILL_THREAD;
constexpr std::uint32_t kNative = 0xC000003E;

WordTest Low(Relation relation, std::uint32_t value, std::uint32_t mask = ~0U) {
  return {.word = LowWord(0), .relation = relation, .mask = mask, .value = value};
}
WordTest High(Relation relation, std::uint32_t value) {
  return {.word = HighWord(0), .relation = relation, .value = value};
}

std::vector<ProfileRule> Allowed(std::vector<ProfileArgument> when) {
  return {{.answer = kAllow, .when = std::move(when)}};
}

TEST(ProfileRules, AreOfWholeArguments) {
  const CallRules equal = {
      {.when = {High(Relation::kEqual, 1), Low(Relation::kEqual, 8)}, .answer = kAllow},
      {.when = {High(Relation::kNotEqual, 1)}, .answer = kDeny},
      {.when = {High(Relation::kEqual, 1), Low(Relation::kNotEqual, 8)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(equal, kDeny), Rules(Allowed({{.value = 0x100000008}})));
  EXPECT_EQ(
      ProfileRulesOf(equal, kAllow),
      (Rules({{.answer = kDeny, .when = {{.is = Operator::kNotEqual, .value = 0x100000008}}}})));
}

TEST(ProfileRules, CompareAsTheFilterDoes) {
  const CallRules above = {
      {.when = {High(Relation::kAbove, 0)}, .answer = kAllow},
      {.when = {High(Relation::kEqual, 0), Low(Relation::kAbove, 4)}, .answer = kAllow},
      {.when = {High(Relation::kEqual, 0), Low(Relation::kAtMost, 4)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(above, kDeny), Rules(Allowed({{.is = Operator::kAbove, .value = 4}})));
  EXPECT_EQ(ProfileRulesOf(above, kAllow),
            (Rules({{.answer = kDeny, .when = {{.is = Operator::kAtMost, .value = 4}}}})));
}

TEST(ProfileRules, SayBits) {
  constexpr std::uint32_t kFlags = 0x7e020000;
  const CallRules flags = {{.when = {Low(Relation::kEqual, 0, kFlags)}, .answer = kAllow},
                           {.when = {Low(Relation::kNotEqual, 0, kFlags)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(flags, kDeny),
            Rules(Allowed({{.is = Operator::kMaskedEqual, .mask = kFlags, .value = 0}})));
  EXPECT_EQ(ProfileRulesOf(flags, kAllow), std::nullopt) << "any of several bits";
  const CallRules bit = {{.when = {Low(Relation::kNotEqual, 0, 4)}, .answer = kAllow},
                         {.when = {Low(Relation::kEqual, 0, 4)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(bit, kDeny),
            Rules(Allowed({{.is = Operator::kMaskedEqual, .mask = 4, .value = 4}})));
}

TEST(ProfileRules, ListValuesOfOneArgument) {
  const CallRules rules = {
      {.when = {High(Relation::kEqual, 0), Low(Relation::kEqual, 8)}, .answer = kAllow},
      {.when = {High(Relation::kEqual, 0), Low(Relation::kEqual, 0)}, .answer = kAllow},
      {.when = {High(Relation::kEqual, 0), Low(Relation::kNotEqual, 0),
                Low(Relation::kNotEqual, 8)},
       .answer = kDeny},
      {.when = {High(Relation::kNotEqual, 0)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(rules, kDeny), (Rules({{.answer = kAllow, .when = {{.value = 0}}},
                                                  {.answer = kAllow, .when = {{.value = 8}}}})));
}

TEST(ProfileRules, AreNotOfWhatIsNoArgument) {
  EXPECT_EQ(ProfileRulesOf({{.when = {{.word = 12}}, .answer = kAllow}, {.answer = kDeny}}, kDeny),
            std::nullopt);
  EXPECT_EQ(ProfileRulesOf(UnknownRules(), kDeny), std::nullopt);
  const CallRules three = {{.when = {Low(Relation::kEqual, 0)}, .answer = kAllow},
                           {.when = {Low(Relation::kEqual, 1)}, .answer = kNone},
                           {.when = {Low(Relation::kAbove, 1)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(three, kDeny), std::nullopt);
}

TEST(ProfileRules, NeedNoneForWhatIsAnsweredAnyway) {
  EXPECT_EQ(ProfileRulesOf({{.answer = kDeny}}, kDeny), Rules(std::vector<ProfileRule>{}));
  EXPECT_EQ(ProfileRulesOf({{.answer = kAllow}}, kDeny), Rules({{.answer = kAllow}}));
}

TEST(ProfileRules, AreTheSameIn32Bits) {
  const CallRules narrow = {{.when = {Low(Relation::kNotEqual, 40)}, .answer = kAllow},
                            {.when = {Low(Relation::kEqual, 40)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(narrow, kDeny, ArgumentWidth::k32),
            Rules(Allowed({{.is = Operator::kNotEqual, .value = 40}})));
  const CallRules last = {{.when = {Low(Relation::kEqual, ~0U)}, .answer = kAllow},
                          {.when = {Low(Relation::kNotEqual, ~0U)}, .answer = kDeny}};
  EXPECT_EQ(ProfileRulesOf(last, kDeny, ArgumentWidth::k32), Rules(Allowed({{.value = ~0U}})));
  EXPECT_EQ(Narrow(Allowed({{.is = Operator::kMaskedEqual, .mask = 0xff0000ffff, .value = 5}})),
            Allowed({{.is = Operator::kMaskedEqual, .mask = 0xffff, .value = 5}}));
}

// ---- whole profiles ----

std::uint32_t Number(std::string_view call) { return NumberOf(Abi::kX86_64, call).value(); }

FilterRules RulesOf(std::vector<FilterInstruction> program) {
  WalkBudget budget = {.steps = 1'000'000};
  return hullmark::RulesOf(ProgramOf(std::move(program)), Machine::kX86_64, budget);
}

// Permits read and, with a first argument of 5, kill; refuses the rest; closed to other ABIs.
FilterRules AllowList() {
  return RulesOf({Load(kArchAt), Branch(BPF_JEQ, kNative, 1, 0), Return(kKill), Load(kNumberAt),
                  Branch(BPF_JGE, kX32Bit, 0, 1), Return(kKill),
                  Branch(BPF_JEQ, Number("read"), 0, 1), Return(kAllow),
                  Branch(BPF_JEQ, Number("kill"), 1, 0), Return(kDeny), Load(HighAt(0)),
                  Branch(BPF_JEQ, 0, 0, 2), Load(LowAt(0)), Branch(BPF_JEQ, 5, 1, 0), Return(kDeny),
                  Return(kAllow)});
}

TEST(ProfileOf, SaysTheSame) {
  const SeccompProfile profile = ProfileOf(AllowList(), Machine::kX86_64);
  EXPECT_EQ(profile.default_answer, kDeny);
  EXPECT_EQ(profile.abis, (std::vector{Abi::kX86_64}));
  ASSERT_EQ(profile.entries.size(), 2U);
  EXPECT_EQ(profile.entries[0].calls, (std::vector<std::string_view>{"read"}));
  EXPECT_EQ(profile.entries[0].rule, (ProfileRule{.answer = kAllow}));
  EXPECT_EQ(profile.entries[1].calls, (std::vector<std::string_view>{"kill"}));
  EXPECT_EQ(profile.entries[1].rule, Allowed({{.value = 5}}).front());
  EXPECT_TRUE(profile.departures.empty());
}

TEST(ProfileOf, OpensAbisThatAreTreatedAlike) {
  const SeccompProfile all = ProfileOf(RulesOf({Return(kAllow)}), Machine::kX86_64);
  EXPECT_EQ(all.default_answer, kAllow);
  EXPECT_EQ(all.abis, (std::vector{Abi::kX86_64, Abi::kI386, Abi::kX32}));
  EXPECT_TRUE(all.entries.empty());
  // By number alone: on other ABIs that is another call.
  const SeccompProfile blind =
      ProfileOf(RulesOf({Load(kNumberAt), Branch(BPF_JEQ, Number("ptrace"), 0, 1), Return(kDeny),
                         Return(kAllow)}),
                Machine::kX86_64);
  EXPECT_EQ(blind.abis, (std::vector{Abi::kX86_64}));
  ASSERT_EQ(blind.departures.size(), 2U);
  EXPECT_NE(blind.departures[0].find("i386 is left out"), std::string::npos);
}

TEST(ProfileOfOnly, RefusesAllOthers) {
  const SeccompProfile profile =
      ProfileOfOnly(RulesOf({Return(kAllow)}), Machine::kX86_64, {"read", "chmod"});
  EXPECT_EQ(profile.default_answer, kDeny);
  ASSERT_EQ(profile.entries.size(), 1U);
  EXPECT_EQ(profile.entries[0].calls, (std::vector<std::string_view>{"chmod", "read"}));
}

TEST(ProfileOfOnly, PermitsNothingNew) {
  const SeccompProfile profile =
      ProfileOfOnly(AllowList(), Machine::kX86_64, {"read", "chmod", "kill"});
  ASSERT_EQ(profile.entries.size(), 2U);
  EXPECT_EQ(profile.entries[0].calls, (std::vector<std::string_view>{"read"}));
  EXPECT_EQ(profile.entries[1].rule.when.size(), 1U);
}

// ---- answers ----

const CallAnswer& Of(const std::vector<AbiAnswers>& all, std::size_t abi, std::string_view call) {
  return *std::ranges::find(all[abi].calls, call, &CallAnswer::call);
}

TEST(AnswersOf, TellsEachCallOnEachAbi) {
  const auto all = AnswersOf(AllowList(), Machine::kX86_64);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(Of(all, 0, "read").answer, "allow");
  EXPECT_EQ(Of(all, 0, "chmod").answer, "errno 1");
  EXPECT_EQ(Of(all, 0, "kill").answer, "conditional");
  EXPECT_EQ(Of(all, 0, "kill").cases,
            (std::vector<AnswerCase>{{.answer = "allow", .when = {"arg0 = 0x5"}},
                                     {.answer = "errno 1", .when = {}}}));
  EXPECT_EQ(all[0].nameless, "errno 1");
  EXPECT_EQ(Of(all, 1, "read").answer, "kill_thread");
  EXPECT_EQ(Of(all, 1, "umount").answer, "kill_thread") << "which only i386 has";
}

TEST(AnswersOf, TellsWhatIsTestedWhereAProfileCouldNot) {
  const auto all =
      AnswersOf(RulesOf({Load(LowAt(0)), Branch(BPF_JSET, 6, 0, 1), Return(kDeny), Return(kAllow)}),
                Machine::kX86_64);
  EXPECT_EQ(Of(all, 0, "read").cases,
            (std::vector<AnswerCase>{{.answer = "allow", .when = {"arg0 & 0x6 = 0x0"}},
                                     {.answer = "errno 1", .when = {}}}));
  const auto pointer = AnswersOf(
      RulesOf({Load(kPointerAt), Branch(BPF_JGT, 9, 0, 1), Return(kDeny), Return(kAllow)}),
      Machine::kX86_64);
  EXPECT_EQ(Of(pointer, 0, "read").cases.front().when,
            (std::vector<std::string>{"low address <= 0x9"}));
}

TEST(DistanceToDefault, IsOfWhatTheContainerWasGiven) {
  const FilterRules open = RulesOf({Return(kAllow)});
  const auto has = [](const std::vector<std::string_view>& calls, std::string_view call) {
    return std::ranges::find(calls, call) != calls.end();
  };
  const ProfileDistance without = DistanceToDefault(open, Machine::kX86_64, {});
  EXPECT_TRUE(has(without.beyond, "mount"));
  EXPECT_TRUE(has(without.beyond, "keyctl"));
  EXPECT_FALSE(has(without.beyond, "read"));
  EXPECT_TRUE(without.within.empty());
  EXPECT_FALSE(has(DistanceToDefault(open, Machine::kX86_64, {Cap::kSysAdmin}).beyond, "mount"));
  const ProfileDistance list = DistanceToDefault(AllowList(), Machine::kX86_64, {});
  EXPECT_TRUE(list.beyond.empty());
  EXPECT_TRUE(has(list.within, "chmod"));
  EXPECT_FALSE(has(list.within, "mount")) << "which the default refuses as well";
}

}  // namespace
}  // namespace hullmark::testing
