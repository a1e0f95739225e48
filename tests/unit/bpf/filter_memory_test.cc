// SPDX-License-Identifier: Apache-2.0
#include "agent/bpf/filter_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/bpf/filter_record.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kOld = 0x1000, kNew = 0x2000;

FilteredTask Task(int tid, std::uint64_t filter, std::uint64_t start = 5) {
  return {.start = start, .filter = filter, .tid = tid, .tgid = tid, .filters = 1, .padding = 0};
}

using Tasks = std::vector<FilteredTask>;
using Places = std::vector<std::uint64_t>;

// Task 10 has kNew, and kOld before it.
FilterMemory TwoFilters() {
  FilterMemory memory;
  memory.Take(kOld, {.prev = 0}, {1, 2}, Task(10, kNew));
  memory.Take(kNew, {.prev = kOld}, {3}, Task(10, kNew));
  return memory;
}

TEST(FilterMemory, TellsTheFiltersOfATask) {
  FilterMemory memory = TwoFilters();
  EXPECT_EQ(memory.Witness(Tasks{Task(10, kNew)}), Places{});
  const auto filters = memory.FiltersOf(kNew);
  ASSERT_EQ(filters.size(), 2U);
  EXPECT_EQ(*filters[0]->code, FilterCode{3});
  EXPECT_EQ(*filters[1]->code, (FilterCode{1, 2}));
  EXPECT_EQ(memory.FiltersOf(kOld).size(), 1U);
  EXPECT_TRUE(memory.FiltersOf(0x3000).empty());
  EXPECT_TRUE(memory.FiltersOf(0).empty());
}

TEST(FilterMemory, TellsNothingWhereOneIsMissing) {
  FilterMemory memory;
  memory.Take(kNew, {.prev = kOld}, {3}, Task(10, kNew));
  memory.Witness(Tasks{Task(10, kNew)});
  EXPECT_TRUE(memory.FiltersOf(kNew).empty());
}

TEST(FilterMemory, ForgetsWhatNobodyWitnesses) {
  FilterMemory memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew)});
  Places gone = memory.Witness({});
  EXPECT_EQ(gone.size(), 2U);
  EXPECT_EQ(memory.size(), 0U);
}

// The same place may be another filter's by now.
TEST(FilterMemory, DoesNotTrustAnotherTaskOfTheSameNumber) {
  FilterMemory memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew)});
  EXPECT_EQ(memory.Witness(Tasks{Task(10, kNew, 6)}).size(), 2U);
  memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew)});
  EXPECT_EQ(memory.Witness(Tasks{Task(11, kNew)}).size(), 2U) << "born since";
}

TEST(FilterMemory, TrustsOthersThatHadIt) {
  FilterMemory memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew), Task(11, kNew), Task(12, kOld)});
  EXPECT_EQ(memory.Witness(Tasks{Task(11, kNew), Task(12, kOld)}), Places{});
  EXPECT_EQ(memory.Witness(Tasks{Task(12, kOld)}), Places{kNew});
  EXPECT_EQ(memory.FiltersOf(kOld).size(), 1U);
}

TEST(FilterMemory, DoesNotTrustATaskWhoseFiltersHaveGrown) {
  FilterMemory memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew)});
  EXPECT_EQ(memory.Witness(Tasks{Task(10, 0x3000)}).size(), 2U)
      << "it has them still; copying tells";
}

TEST(FilterMemory, AFreshCopyReplacesAnOldOne) {
  FilterMemory memory = TwoFilters();
  memory.Witness(Tasks{Task(10, kNew)});
  memory.Take(kNew, {.prev = 0}, {9}, Task(20, kNew));
  EXPECT_EQ(memory.Witness(Tasks{Task(20, kNew)}), Places{kOld});
  ASSERT_EQ(memory.FiltersOf(kNew).size(), 1U);
  EXPECT_EQ(*memory.FiltersOf(kNew)[0]->code, FilterCode{9});
}

TEST(FilterMemory, KeepsEqualProgramsOnce) {
  FilterMemory memory;
  memory.Take(kOld, {}, {1, 2}, Task(10, kOld));
  memory.Take(kNew, {}, {1, 2}, Task(11, kNew));
  EXPECT_EQ(memory.programs(), 1U);
  memory.Witness(Tasks{Task(10, kOld), Task(11, kNew)});
  EXPECT_EQ(memory.FiltersOf(kOld)[0]->code, memory.FiltersOf(kNew)[0]->code);
  memory.Witness(Tasks{Task(11, kNew)});
  memory.LetGo();
  EXPECT_EQ(memory.programs(), 1U);
  memory.Witness({});
  memory.LetGo();
  EXPECT_EQ(memory.programs(), 0U);
}

TEST(FilterMemory, SaysWhereTheKernelHasKeptNoProgram) {
  FilterMemory memory;
  memory.Take(kOld, {.native = {7}}, {}, Task(10, kOld));
  memory.Witness(Tasks{Task(10, kOld)});
  EXPECT_EQ(memory.FiltersOf(kOld)[0]->code, nullptr);
  EXPECT_EQ(memory.FiltersOf(kOld)[0]->native, Places{7});
}

// A ring of places is no chain that a kernel has.
TEST(FilterMemory, EndsWhereTheChainDoesNot) {
  FilterMemory memory;
  memory.Take(kOld, {.prev = kNew}, {1}, Task(10, kOld));
  memory.Take(kNew, {.prev = kOld}, {2}, Task(10, kOld));
  memory.Witness(Tasks{Task(10, kOld)});
  EXPECT_TRUE(memory.FiltersOf(kOld).empty());
}

}  // namespace
}  // namespace hullmark
