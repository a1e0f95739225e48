// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/reference.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/collect/world.h"

namespace hullmark {
namespace {

class ReferenceTest : public testing::Test {
 protected:
  ReferenceTest() {
    world_.AddProcess("self", {.pid = 7});
    world_.AddProcess("1", {.pid = 1, .parent = 0});
    world_.AddProcess("2", {.pid = 2, .parent = 0, .flags = ProcStat::kKernelThread});
    world_.tree.Write("proc/sys/kernel/cap_last_cap", "40\n");
  }

  const Host& Collected() {
    snapshot_ = Snapshot();
    const Roots roots = world_.OpenAll();
    ReadBuffer buffer(1 << 20);
    CollectReference(roots, snapshot_, buffer);
    CollectHostMounts(roots, world_.options, snapshot_, buffer);
    return snapshot_.host;
  }
  void ExpectReference(NamespaceKind kind, std::uint32_t inode, ReferenceSource source) {
    const auto& reference = snapshot_.host.namespaces[std::to_underlying(kind)];
    ASSERT_TRUE(reference) << kNamespaceNames[std::to_underlying(kind)];
    EXPECT_EQ(reference->inode, NamespaceInode{inode});
    EXPECT_EQ(reference->source, source);
  }

  CollectWorld world_;
  Snapshot snapshot_;
};

TEST_F(ReferenceTest, Pid1IsAskedFirst) {
  world_.tree.Link("proc/1/ns/net", "net:[4026531999]");
  Collected();
  ExpectReference(NamespaceKind::kNet, 4026531999, ReferenceSource::kPid1);
  ExpectReference(NamespaceKind::kMnt, 4026531841, ReferenceSource::kPid1);
  ExpectReference(NamespaceKind::kUser, 4026531837, ReferenceSource::kPid1);
  EXPECT_EQ(snapshot_.host.namespace_kinds, 0xFF);
}

TEST_F(ReferenceTest, ThenKthreadd) {
  world_.tree.Remove("proc/1/ns");
  world_.tree.Link("proc/2/ns/net", "net:[4026531998]");
  Collected();
  ExpectReference(NamespaceKind::kNet, 4026531998, ReferenceSource::kKthreadd);
  ExpectReference(NamespaceKind::kPid, 4026531836, ReferenceSource::kKthreadd);
}

TEST_F(ReferenceTest, EachKindIsTakenWhereItCanBeRead) {
  world_.tree.Remove("proc/1/ns/net");
  world_.tree.Link("proc/2/ns/net", "net:[4026531998]");
  Collected();
  ExpectReference(NamespaceKind::kNet, 4026531998, ReferenceSource::kKthreadd);
  ExpectReference(NamespaceKind::kMnt, 4026531841, ReferenceSource::kPid1);
}

TEST_F(ReferenceTest, APid2ThatIsAProgramIsNotKthreadd) {
  world_.tree.Remove("proc/1/ns");
  world_.AddProcess("2", {.pid = 2, .parent = 0});
  Collected();
  ExpectReference(NamespaceKind::kPid, 0xEFFFFFFC, ReferenceSource::kConstant);
}

TEST_F(ReferenceTest, ThenTheConstantsButNotForMntAndNet) {
  world_.tree.Remove("proc/1/ns");
  world_.tree.Remove("proc/2");
  const Host& host = Collected();
  ExpectReference(NamespaceKind::kPid, 0xEFFFFFFC, ReferenceSource::kConstant);
  ExpectReference(NamespaceKind::kIpc, 0xEFFFFFFF, ReferenceSource::kConstant);
  ExpectReference(NamespaceKind::kUts, 0xEFFFFFFE, ReferenceSource::kConstant);
  ExpectReference(NamespaceKind::kUser, 0xEFFFFFFD, ReferenceSource::kConstant);
  ExpectReference(NamespaceKind::kCgroup, 0xEFFFFFFB, ReferenceSource::kConstant);
  ExpectReference(NamespaceKind::kTime, 0xEFFFFFFA, ReferenceSource::kConstant);
  for (const auto kind : {NamespaceKind::kMnt, NamespaceKind::kNet}) {
    const auto& unknown = host.namespaces[std::to_underlying(kind)];
    ASSERT_FALSE(unknown) << "our own is no answer";
    EXPECT_EQ(unknown.error(), Fault{ErrorCode::kVantage});
  }
}

TEST_F(ReferenceTest, InAnotherPidNamespacePid1IsAStranger) {
  world_.tree.Link("proc/self/ns/pid", "pid:[4026532000]");
  world_.tree.Link("proc/1/ns/net", "net:[4026532001]");
  world_.AddProcess("2", {.pid = 2});
  const Host& host = Collected();
  EXPECT_EQ(host.namespaces[std::to_underlying(NamespaceKind::kNet)].error(),
            Fault{ErrorCode::kVantage});
  ExpectReference(NamespaceKind::kPid, 0xEFFFFFFC, ReferenceSource::kConstant);
  EXPECT_EQ(host.mounts, Missing(ErrorCode::kVantage));
}

TEST_F(ReferenceTest, KindsThatTheKernelLacksAreNotOurs) {
  world_.tree.Remove("proc/self/ns/time");
  EXPECT_EQ(Collected().namespace_kinds, 0x7F);
}

TEST_F(ReferenceTest, TheHostsMountsAreOfPid1ElseOfKthreadd) {
  world_.tree.Write("proc/1/mountinfo", MountLineOf(5, "/", "/", "ext4", "rw"));
  world_.tree.Write("proc/2/mountinfo", MountLineOf(6, "/", "/", "rootfs", "rw"));
  EXPECT_EQ(Collected().mounts, MountNamespaceIndex{0});
  EXPECT_EQ(snapshot_.mount_namespaces.at(0).mounts->at(0).id, 5U);
  for (const char* const bad : {"", "?\n"}) {
    world_.tree.Write("proc/1/mountinfo", bad);
    EXPECT_EQ(Collected().mounts, MountNamespaceIndex{0});
    EXPECT_EQ(snapshot_.mount_namespaces.at(0).mounts->at(0).id, 6U) << bad;
  }
  world_.tree.Remove("proc/2/mountinfo");
  EXPECT_EQ(Collected().mounts, Missing(ErrorCode::kVantage));
  EXPECT_TRUE(snapshot_.mount_namespaces.empty());
}

TEST_F(ReferenceTest, CapabilitiesOfTheHostAreUnknownWhereUnread) {
  EXPECT_EQ(Collected().last_cap, 40);
  EXPECT_TRUE(snapshot_.host.bounding);
  for (const char* const bad : {"", "64\n", "-1\n"}) {
    world_.tree.Write("proc/sys/kernel/cap_last_cap", bad);
    EXPECT_EQ(Collected().last_cap, Missing(ErrorCode::kMalformed)) << bad;
  }
  world_.tree.Write("proc/1/status", "Name:\tinit\n");
  EXPECT_EQ(Collected().bounding, Missing(ErrorCode::kMalformed));
  world_.tree.Remove("proc/1/status");
  EXPECT_EQ(Collected().bounding, Missing(ErrorCode::kVantage)) << "hidepid looks like that";
}

}  // namespace
}  // namespace hullmark
