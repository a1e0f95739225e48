// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/limits.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr CgroupIndex kRoot{0};
constexpr CgroupIndex kPod{1};
constexpr CgroupIndex kOwn{2};

// A process in /pod/own of one hierarchy with one controller; every directory has an empty row.
class LimitsTest : public testing::Test {
 protected:
  explicit LimitsTest(Controller controller = Controller::kMemory,
                      CgroupVersion version = CgroupVersion::kV1) {
    const auto at = std::to_underlying(controller);
    snapshot_.host.controller_versions.at(at) = version;
    snapshot_.hierarchies.push_back(
        {.version = version, .controllers = static_cast<std::uint8_t>(1U << at)});
    for (std::uint32_t row = 0; row < 3; ++row) {
      Cgroup cgroup{.inode = std::uint64_t{row + 1}};
      if (row > 0) cgroup.parent = CgroupIndex{row - 1};
      (controller == Controller::kMemory ? cgroup.memory : cgroup.io) = row;
      snapshot_.cgroups.push_back(cgroup);
    }
    snapshot_.memory_files.resize(3);
    snapshot_.io_files.resize(3);
    snapshot_.memberships.push_back({.cgroups = {kOwn}});
  }

  Cgroup& At(CgroupIndex at) { return snapshot_.cgroups[static_cast<std::size_t>(at)]; }
  LimitsInForce Limits() {
    return ComputeLimits(snapshot_, std::array{MembershipIndex{0}}, std::nullopt);
  }

  // The directory could not be opened.
  void Hide(CgroupIndex at, Fault fault) {
    At(at).inode = std::unexpected(fault);
    At(at).memory = At(at).io = std::nullopt;
  }

  Snapshot snapshot_;
};

Fact<Limit> Is(Limit limit = {}) { return limit; }

class MemoryTest : public LimitsTest {
 protected:
  MemoryTest() {
    for (const auto at : {kRoot, kPod, kOwn}) {
      Files(at) = {.max = Limit{}, .oom_kill_disabled = false, .use_hierarchy = true};
    }
    Files(kRoot).max = Missing(ErrorCode::kNotFound, ENOENT);
  }
  MemoryFiles& Files(CgroupIndex at) {
    return snapshot_.memory_files[static_cast<std::size_t>(at)];
  }
};

TEST_F(MemoryTest, TheSmallestOfAllAncestorsBinds) {
  EXPECT_EQ(Limits().memory.value, Is());
  EXPECT_EQ(Limits().memory.source, std::nullopt);
  Files(kPod).max = Limit{100};
  EXPECT_EQ(Limits().memory.value, Is(100));
  EXPECT_EQ(Limits().memory.source, kPod);
  Files(kOwn).max = Limit{200};
  EXPECT_EQ(Limits().memory.source, kPod);
  Files(kOwn).max = Limit{50};
  EXPECT_EQ(Limits().memory.source, kOwn);
}

// Nothing is known of a directory that is gone; only a file that an open directory lacks is absent.
TEST_F(MemoryTest, AVanishedCgroupIsNotOneWithoutFiles) {
  Hide(kOwn, {ErrorCode::kNotFound, ENOENT});
  EXPECT_EQ(Limits().memory.value, Missing(ErrorCode::kVanished, ENOENT));
  EXPECT_EQ(Limits().oom_kill_disabled.value, Missing(ErrorCode::kVanished, ENOENT));
  Files(kPod).max = Limit{100};
  EXPECT_EQ(Limits().memory.value, Is(100));
}

// Kernels before 5.11 let a cgroup's memory limits end at the cgroup.
TEST_F(MemoryTest, AnAncestorThatIsNoHierarchyBindsNothing) {
  Files(kPod).max = Limit{100};
  Files(kPod).use_hierarchy = false;
  Files(kRoot).max = Limit{10};
  EXPECT_EQ(Limits().memory.value, Is());
  EXPECT_EQ(Limits().memory.source, std::nullopt);
  // A cgroup's own switch speaks of those below it.
  Files(kPod).use_hierarchy = true;
  Files(kRoot).use_hierarchy = false;
  Files(kOwn).use_hierarchy = false;
  EXPECT_EQ(Limits().memory.value, Is(100));
}

TEST_F(MemoryTest, WithoutTheSwitchAncestorsBind) {
  Files(kPod).max = Limit{100};
  for (const auto at : {kRoot, kPod, kOwn}) {
    Files(at).use_hierarchy = Missing(ErrorCode::kNotFound, ENOENT);
  }
  EXPECT_EQ(Limits().memory.value, Is(100));
}

TEST_F(MemoryTest, AnUnreadSwitchLeavesAncestorsUnknown) {
  Files(kPod).max = Limit{100};
  Files(kPod).use_hierarchy = Missing(ErrorCode::kDenied, EACCES);
  EXPECT_EQ(Limits().memory.value, Missing(ErrorCode::kDenied, EACCES));
  Files(kOwn).max = Limit{200};
  EXPECT_EQ(Limits().memory.value, Is(200));
}

class IoTest : public LimitsTest {
 protected:
  IoTest() : LimitsTest(Controller::kIo, CgroupVersion::kV2) {
    snapshot_.io_limit_lists = {
        {},
        {{.device = kDisk, .read_bytes = 100}},
        {{.device = kDisk, .read_bytes = 200, .write_bytes = 50}, {.device = kOther}}};
    Files(kRoot).limits = Missing(ErrorCode::kNotFound, ENOENT);
    Files(kPod).limits = Files(kOwn).limits = kNone;
  }
  IoFiles& Files(CgroupIndex at) { return snapshot_.io_files[static_cast<std::size_t>(at)]; }
  std::vector<IoLimit> Merged() {
    const auto list = Limits().io_limits.value;
    return snapshot_.io_limit_lists.at(static_cast<std::size_t>(list.value()));
  }

  static constexpr DeviceNumber kDisk = {.major = 8, .minor = 0};
  static constexpr DeviceNumber kOther = {.major = 8, .minor = 16};
  static constexpr IoLimitListIndex kNone{0};
  static constexpr IoLimitListIndex kRead{1};
  static constexpr IoLimitListIndex kBoth{2};
};

TEST_F(IoTest, TheSmallestOfEachBinds) {
  Files(kPod).limits = kBoth;
  Files(kOwn).limits = kRead;
  EXPECT_EQ(Merged(), (std::vector<IoLimit>{{.device = kDisk, .read_bytes = 100, .write_bytes = 50},
                                            {.device = kOther}}));
  EXPECT_EQ(Limits().io_limits.source, kOwn);
}

TEST_F(IoTest, TheSourceIsTheCgroupThatBinds) {
  EXPECT_EQ(Limits().io_limits.value, kNone);
  EXPECT_EQ(Limits().io_limits.source, std::nullopt);
  Files(kPod).limits = kRead;
  EXPECT_EQ(Limits().io_limits.source, kPod);
}

// An ancestor that could not be read may hold the limit that the cgroup itself lacks.
TEST_F(IoTest, AHiddenAncestorIsNotOneWithoutLimits) {
  Files(kPod).limits = Missing(ErrorCode::kDenied, EACCES);
  EXPECT_EQ(Limits().io_limits.value, Missing(ErrorCode::kDenied, EACCES));
  Files(kOwn).limits = kRead;
  EXPECT_EQ(Limits().io_limits.value, kRead);
}

TEST_F(IoTest, NoFileAnywhereIsNoLimit) {
  Files(kPod).limits = Files(kOwn).limits = Missing(ErrorCode::kNotFound, ENOENT);
  EXPECT_EQ(Limits().io_limits.value, Missing(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace hullmark
