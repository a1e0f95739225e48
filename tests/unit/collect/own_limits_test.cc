// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/collect/limits.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr auto kPidsBit = static_cast<std::uint8_t>(1U << std::to_underlying(Controller::kPids));
constexpr auto kMemoryBit =
    static_cast<std::uint8_t>(1U << std::to_underlying(Controller::kMemory));

// v1: pids and memory in a hierarchy each.
class OwnLimitsTest : public testing::Test {
 protected:
  OwnLimitsTest() {
    for (const auto bit : {kPidsBit, kMemoryBit}) {
      Hierarchy hierarchy;
      hierarchy.version = CgroupVersion::kV1;
      hierarchy.controllers = bit;
      snapshot_.hierarchies.push_back(hierarchy);
    }
    for (auto& version : snapshot_.host.controller_versions) version = CgroupVersion::kV1;
  }

  CgroupIndex AddPids(std::string_view path, std::optional<CgroupIndex> parent, Limit max) {
    snapshot_.pids_files.push_back({.max = max});
    Cgroup cgroup{.hierarchy = HierarchyIndex{0}, .parent = parent, .path = {}};
    cgroup.path = snapshot_.strings.Intern(path);
    cgroup.pids = static_cast<std::uint32_t>(snapshot_.pids_files.size() - 1);
    return Add(cgroup);
  }

  CgroupIndex AddMemory(std::string_view path, std::optional<CgroupIndex> parent, Limit max) {
    MemoryFiles files;
    files.max = max;
    files.reservation = max;
    files.use_hierarchy = Missing(ErrorCode::kNotFound);  // Since 5.11 there is no such file.
    snapshot_.memory_files.push_back(files);
    Cgroup cgroup{.hierarchy = HierarchyIndex{1}, .parent = parent, .path = {}};
    cgroup.path = snapshot_.strings.Intern(path);
    cgroup.memory = static_cast<std::uint32_t>(snapshot_.memory_files.size() - 1);
    return Add(cgroup);
  }

  MembershipIndex In(CgroupIndex pids, CgroupIndex memory) {
    snapshot_.memberships.push_back({.cgroups = {pids, memory}});
    return MembershipIndex{static_cast<std::uint32_t>(snapshot_.memberships.size() - 1)};
  }

  Snapshot snapshot_;

 private:
  CgroupIndex Add(const Cgroup& cgroup) {
    snapshot_.cgroups.push_back(cgroup);
    return CgroupIndex{static_cast<std::uint32_t>(snapshot_.cgroups.size() - 1)};
  }
};

// Its init sits in a directory that it made and limited by itself.
TEST_F(OwnLimitsTest, BeginAtTheContainersOwnCgroup) {
  const auto pods = AddPids("/pods", std::nullopt, Limit{});
  const auto own = AddPids("/pods/c", pods, Limit{});
  const auto leaf = AddPids("/pods/c/init", own, Limit{50});
  const auto memory = AddMemory("/pods", std::nullopt, Limit{900});
  const auto memory_own = AddMemory("/pods/c", memory, Limit{});
  const auto memory_leaf = AddMemory("/pods/c/init", memory_own, Limit{1});
  const auto limits = ComputeLimits(snapshot_, std::array{In(leaf, memory_leaf)}, own);
  EXPECT_EQ(limits.pids.value, Fact<Limit>(Limit{}));
  EXPECT_EQ(limits.pids.source, std::nullopt);
  EXPECT_EQ(limits.memory.value, Fact<Limit>(Limit{900}));
  EXPECT_EQ(limits.memory.source, memory);
  EXPECT_EQ(limits.memory_reservation.source, memory_own);
}

// crun makes a directory below the one that systemd knows, for the limits and all processes.
TEST_F(OwnLimitsTest, BeginWhereCrunPutThemUnlessAProcessIsOutside) {
  const auto own = AddPids("/machine.slice/libpod-c.scope", std::nullopt, Limit{});
  const auto crun = AddPids("/machine.slice/libpod-c.scope/container", own, Limit{50});
  const auto inner = AddPids("/machine.slice/libpod-c.scope/container/init", crun, Limit{7});
  const auto memory = AddMemory("/elsewhere", std::nullopt, Limit{});
  const auto init = In(inner, memory);
  const auto entered = In(own, memory);
  EXPECT_EQ(ComputeLimits(snapshot_, std::array{init}, own).pids.value, Fact<Limit>(Limit{50}));
  EXPECT_EQ(ComputeLimits(snapshot_, std::array{init, entered}, own).pids.value,
            Fact<Limit>(Limit{}))
      << "nothing binds the one that entered";
}

TEST_F(OwnLimitsTest, BeginAtTheProcessWhereTheContainerHasNoCgroup) {
  const auto own = AddPids("/c", std::nullopt, Limit{7});
  const auto leaf = AddPids("/c/init", own, Limit{5});
  const auto memory = AddMemory("/elsewhere", std::nullopt, Limit{3});
  EXPECT_EQ(ComputeLimits(snapshot_, std::array{In(leaf, memory)}, own).memory.value,
            Fact<Limit>(Limit{3}));
  EXPECT_EQ(ComputeLimits(snapshot_, std::array{In(leaf, memory)}, own).pids.value,
            Fact<Limit>(Limit{7}));
  EXPECT_EQ(ComputeLimits(snapshot_, std::array{In(leaf, memory)}, std::nullopt).pids.value,
            Fact<Limit>(Limit{5}));
}

}  // namespace
}  // namespace hullmark
