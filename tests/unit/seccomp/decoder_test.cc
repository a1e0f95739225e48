// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/decoder.h"

#include <gtest/gtest.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "agent/seccomp/notes.h"
#include "agent/seccomp/program.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"
#include "tests/unit/seccomp/assemble.h"

namespace hullmark::testing {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | 1;
constexpr std::uint32_t kNative = 0xC000003E, kCompat = 0x40000003;

CallRules Always(std::uint32_t answer) { return {{.answer = answer}}; }

using Instructions = std::vector<FilterInstruction>;

Instructions Denies(std::uint32_t number) {
  return {Load(kNumberAt), Branch(BPF_JEQ, number, 0, 1), Return(kDeny), Return(kAllow)};
}

SeccompProgram RowOf(const Instructions& instructions) {
  SeccompProgram program;
  for (const FilterInstruction& it : instructions) program.instructions.push_back(ToNumber(it));
  return program;
}

// Rows of programs, all of them in one stack, the first being the newest.
Snapshot Host(const std::vector<Instructions>& programs) {
  Snapshot snapshot;
  snapshot.host.machine = Machine::kX86_64;
  SeccompFilters filters = {.programs = std::vector<SeccompProgramIndex>{}};
  for (const Instructions& each : programs) {
    filters.programs->push_back(static_cast<SeccompProgramIndex>(snapshot.seccomp_programs.size()));
    snapshot.seccomp_programs.push_back(RowOf(each));
  }
  snapshot.seccomp_filters.push_back(filters);
  return snapshot;
}

// As a kernel with `calls` calls notes it.
PermittedNumbers NotesOf(const FilterProgram& program, std::uint32_t arch, std::uint32_t calls) {
  PermittedNumbers notes((calls + 63) / 64, ~std::uint64_t{0});
  for (std::uint32_t number = 0; number < calls; ++number) {
    const std::uint64_t bit = std::uint64_t{1} << number % 64;
    if (!IsCachedAsAllowed(program, arch, number)) notes[number / 64] &= ~bit;
  }
  return notes;
}

const CallRules& RulesIn(const Snapshot& snapshot, std::uint32_t number, Abi abi = Abi::kX86_64) {
  return (*snapshot.seccomp_filters.front().rules)->At(abi, number);
}

TEST(FilterDecoder, TellsWhatFiltersAnswerTogether) {
  Snapshot snapshot = Host({Denies(3), Denies(5)});
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(RulesIn(snapshot, 3), Always(kDeny));
  EXPECT_EQ(RulesIn(snapshot, 4), Always(kAllow));
  EXPECT_EQ(RulesIn(snapshot, 5), Always(kDeny));
  EXPECT_EQ(RulesIn(snapshot, 5, Abi::kI386), Always(kDeny));
}

TEST(FilterDecoder, FollowsEachProgramOnce) {
  FilterDecoder decoder;
  Snapshot first = Host({Denies(3), Denies(5), Denies(3)});
  decoder.Decode(first);
  EXPECT_EQ(decoder.followed(), 2U);
  Snapshot second = Host({Denies(3), Denies(5), Denies(3)});
  decoder.Decode(second);
  EXPECT_EQ(decoder.followed(), 0U);
  EXPECT_EQ(*first.seccomp_filters.front().rules, *second.seccomp_filters.front().rules)
      << "not even put together again";
  Snapshot other = Host({Denies(5), Denies(7)});
  decoder.Decode(other);
  EXPECT_EQ(decoder.followed(), 1U);
  decoder.Decode(first);
  EXPECT_EQ(decoder.followed(), 1U) << "what a host has no more is forgotten";
}

TEST(FilterDecoder, NeedsAMachine) {
  Snapshot snapshot = Host({Denies(3)});
  snapshot.host.machine = std::nullopt;
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(snapshot.seccomp_filters.front().rules, Missing(ErrorCode::kUnsupported));
}

TEST(FilterDecoder, RefusesWhatTheKernelWouldNotHaveTaken) {
  Snapshot snapshot = Host({Denies(3), {Load(kNumberAt)}});
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(snapshot.seccomp_filters.front().rules, Missing(ErrorCode::kMalformed));
  Snapshot empty = Host({});
  FilterDecoder().Decode(empty);
  EXPECT_EQ(empty.seccomp_filters.front().rules, Missing(ErrorCode::kMalformed));
}

TEST(FilterDecoder, TakesItsTimeOverSeveralLooks) {
  FilterDecoder decoder({.steps_of_program = 100, .steps_of_all = 120});
  Snapshot snapshot = Host({Denies(3), Denies(5)});
  decoder.Decode(snapshot);
  EXPECT_EQ(snapshot.seccomp_filters.front().rules, Missing(ErrorCode::kTruncated));
  EXPECT_EQ(decoder.followed(), 1U);
  decoder.Decode(snapshot);
  EXPECT_EQ(decoder.followed(), 1U);
  EXPECT_EQ(RulesIn(snapshot, 5), Always(kDeny));
}

TEST(FilterDecoder, BelievesProgramsThatTheKernelsNotesAreOf) {
  Snapshot snapshot = Host({Denies(3)});
  SeccompFilters& filters = snapshot.seccomp_filters.front();
  filters.permitted = NotesOf(ProgramOf(Denies(3)), kNative, 471);
  filters.permitted_compat = NotesOf(ProgramOf(Denies(3)), kCompat, 471);
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(RulesIn(snapshot, 3), Always(kDeny));
  filters.permitted_compat = NotesOf(ProgramOf(Denies(4)), kCompat, 471);
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(filters.rules, Missing(ErrorCode::kMalformed));
}

TEST(FilterDecoder, MakesDoWithNotes) {
  Snapshot snapshot = Host({});
  SeccompFilters& filters = snapshot.seccomp_filters.front();
  filters.programs = Missing(ErrorCode::kUnsupported);
  filters.permitted = NotesOf(ProgramOf(Denies(3)), kNative, 471);
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(RulesIn(snapshot, 2), Always(kAllow));
  EXPECT_EQ(RulesIn(snapshot, 3), UnknownRules()) << "denied, or denied for some arguments";
  EXPECT_EQ(RulesIn(snapshot, 4), UnknownRules()) << "there may be no such call";
  EXPECT_EQ(RulesIn(snapshot, 2, Abi::kI386), UnknownRules());
  filters.permitted = Missing(ErrorCode::kNotFound);
  FilterDecoder().Decode(snapshot);
  EXPECT_EQ(filters.rules, Missing(ErrorCode::kUnsupported));
}

// ---- the kernel's notes ----

std::optional<std::uint32_t> Disagreement(const FilterProgram& program,
                                          const PermittedNumbers& notes) {
  return FirstDisagreement(std::vector{&program}, kNative, notes);
}

TEST(Notes, TellProgramsApart) {
  const FilterProgram program = ProgramOf(Denies(300));
  EXPECT_EQ(Disagreement(program, NotesOf(program, kNative, 471)), std::nullopt);
  EXPECT_EQ(Disagreement(program, NotesOf(ProgramOf(Denies(301)), kNative, 471)), 300U);
  EXPECT_EQ(Disagreement(program, NotesOf(ProgramOf(Denies(299)), kNative, 471)), 299U);
}

TEST(Notes, SayNothingPastTheLastCall) {
  const FilterProgram program =
      ProgramOf({Load(kNumberAt), Branch(BPF_JGT, 400, 0, 1), Return(kDeny), Return(kAllow)});
  EXPECT_EQ(Disagreement(program, NotesOf(program, kNative, 451)), std::nullopt);
  EXPECT_EQ(Disagreement(program, NotesOf(program, kNative, 471)), std::nullopt);
  EXPECT_EQ(Disagreement(program, {}), std::nullopt);
}

TEST(Notes, HaveTwoCallsThatNoFilterIsAskedAbout) {
  const FilterProgram program = ProgramOf({Return(kDeny)});
  PermittedNumbers notes = NotesOf(program, kNative, 448);
  notes[335 / 64] |= std::uint64_t{3} << 335 % 64;
  EXPECT_EQ(Disagreement(program, notes), std::nullopt);
  EXPECT_EQ(FirstDisagreement(std::vector{&program}, kCompat, notes), 335U);
}

}  // namespace
}  // namespace hullmark::testing
