// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "agent/replay/describe_facts.h"
#include "agent/replay/describe_snapshot.h"
#include "agent/replay/names.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Converts to anything, so that the number of initialisers that T takes is its number of fields.
// Never defined, therefore in no anonymous namespace.
struct Anything {
  template <typename T>
    requires(!std::same_as<T, Anything>)
  operator T() const {  // Nobody calls it: that it could be is the point.
    std::unreachable();
  }
};

namespace {

template <typename T, std::size_t... kPlace>
constexpr bool Takes(std::index_sequence<kPlace...> /*places*/) {
  return requires { T{(void(kPlace), Anything{})...}; };
}

template <typename T, std::size_t kMost = 64>
constexpr std::size_t FieldsOf() {
  if constexpr (Takes<T>(std::make_index_sequence<kMost>{})) {
    return kMost;
  } else {
    return FieldsOf<T, kMost - 1>();
  }
}

class MemberCounter {
 public:
  static constexpr bool kReads = false;

  void Member(std::string_view name, const auto& /*value*/) { Add(name); }
  void Late(std::string_view name, const auto& /*value*/) { Add(name); }
  void Row(std::string_view name, const auto& /*row*/, std::string_view /*table*/) { Add(name); }
  void Keyed(std::string_view name, const auto& /*values*/, const auto& /*keys*/) { Add(name); }
  void Flags(std::string_view name, std::uint8_t /*bits*/, const auto& /*names*/) { Add(name); }

  std::size_t count() const { return names_.size(); }

 private:
  void Add(std::string_view name) {
    EXPECT_TRUE(names_.insert(name).second) << name << " is described twice";
  }

  std::set<std::string_view> names_;
};

template <typename T>
std::size_t DescribedOf() {
  MemberCounter counter;
  const T record{};
  Describe(counter, record);
  return counter.count();
}

template <typename T>
class EveryFieldIsDescribed : public testing::Test {};

using Records =
    testing::Types<DeviceNumber, IdQuadruple<Uid>, ProcStatus, ProcStat, IdExtent, Rlimit, Rlimits,
                   Mount, Stdio, Invocation, CpuQuota, IoLimit, DeviceRule, MemoryFiles, CpuFiles,
                   PidsFiles, CpusetFiles, IoFiles, DeviceFiles, InForce<Limit>, LimitsInForce,
                   ReferenceNamespace, Sysctl, HostPath, RuntimeListener, Host, VantageProblem,
                   Vantage, ScanCounts, UserNamespace, MountNamespace, Hierarchy, Cgroup,
                   Membership, Executable, Label, Task, Process, Thread, Claims, KubernetesClaims,
                   ComposeClaims, Member, Container, SeccompProgram>;
TYPED_TEST_SUITE(EveryFieldIsDescribed, Records, );

TYPED_TEST(EveryFieldIsDescribed, Once) {
  EXPECT_EQ(DescribedOf<TypeParam>(), FieldsOf<TypeParam>());
}

// They are made of the rest.
TEST(Describe, FiltersLeaveOutOnlyTheirRules) {
  EXPECT_EQ(DescribedOf<SeccompFilters>(), FieldsOf<SeccompFilters>() - 1);
}

TEST(Describe, TheSnapshotLeavesOutOnlyItsStrings) {
  EXPECT_EQ(DescribedOf<Snapshot>(), FieldsOf<Snapshot>() - 1);
}

TEST(Describe, MountFlagsSurviveAsBits) {
  EXPECT_EQ(FieldsOf<MountFlags>(), MountFlagNames().size());
  for (unsigned bits = 0; bits < 1U << MountFlagNames().size(); ++bits) {
    EXPECT_EQ(BitsOf(MountFlagsOf(static_cast<std::uint8_t>(bits))), bits);
  }
  EXPECT_EQ(BitsOf({.read_only = true}), 1);
  EXPECT_EQ(BitsOf({.root_deleted = true}), 16);
}

TEST(Names, AreDistinctAndNotEmpty) {
  for (const auto names :
       {EnumNames(CgroupLayout{}), EnumNames(CgroupVersion{}), EnumNames(ContainerClass{}),
        EnumNames(Controller{}), EnumNames(DescriptorKind{}), EnumNames(ErrorCode{}),
        EnumNames(Label::Module{}), EnumNames(Machine{}), EnumNames(ReferenceSource{}),
        EnumNames(Runtime{}), EnumNames(SeccompMode{}), EnumNames(Trust{}), MountFlagNames()}) {
    const std::set<std::string_view> distinct(names.begin(), names.end());
    EXPECT_EQ(distinct.size(), names.size());
    EXPECT_FALSE(distinct.contains(""));
  }
}

}  // namespace
}  // namespace hullmark
