// SPDX-License-Identifier: Apache-2.0
#include "hullmark/snapshot.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

TEST(SnapshotTest, NamespacesAreFoundByInode) {
  Snapshot snapshot;
  EXPECT_EQ(FindUserNamespace(snapshot, NamespaceInode{1}), nullptr);
  for (const std::uint32_t inode : {10U, 20U, 30U}) {
    snapshot.user_namespaces.push_back({.inode = NamespaceInode{inode}});
    snapshot.mount_namespaces.push_back({.inode = NamespaceInode{inode + 1}});
  }
  for (std::size_t at = 0; at < 3; ++at) {
    const auto user = snapshot.user_namespaces[at].inode;
    const auto mount = snapshot.mount_namespaces[at].inode;
    EXPECT_EQ(FindUserNamespace(snapshot, user), &snapshot.user_namespaces[at]);
    EXPECT_EQ(FindMountNamespace(snapshot, mount), &snapshot.mount_namespaces[at]);
    EXPECT_EQ(FindUserNamespace(snapshot, mount), nullptr);
    EXPECT_EQ(FindMountNamespace(snapshot, user), nullptr);
  }
  EXPECT_EQ(FindUserNamespace(snapshot, NamespaceInode{0}), nullptr);
  EXPECT_EQ(FindUserNamespace(snapshot, NamespaceInode{99}), nullptr);
}

TEST(SnapshotTest, AFileWithoutLinksIsNotCalledDeleted) {
  Snapshot snapshot;
  const auto path = snapshot.strings.Intern("/bin/x (deleted)");
  EXPECT_EQ(PathOf(snapshot, {.path = path, .links = 0}), "/bin/x");
  EXPECT_EQ(PathOf(snapshot, {.path = path, .links = 1}), "/bin/x (deleted)");
  EXPECT_EQ(PathOf(snapshot, {.path = path}), "/bin/x (deleted)");
}

TEST(SnapshotTest, TheLastPartOfAPathIsItsName) {
  EXPECT_EQ(BaseName("/bin/x"), "x");
  EXPECT_EQ(BaseName("x"), "x");
  EXPECT_EQ(BaseName("/bin/"), "");
  EXPECT_EQ(BaseName(""), "");
}

TEST(SnapshotTest, IdsAreMappedByTheirExtent) {
  const IdMap map = {{.inside = 0, .outside = 1000, .count = 1},
                     {.inside = 1, .outside = 100'000, .count = 65'536}};
  EXPECT_EQ(InsideId(map, 1000), 0U);
  EXPECT_EQ(InsideId(map, 1001), std::nullopt);
  EXPECT_EQ(InsideId(map, 999), std::nullopt);
  EXPECT_EQ(InsideId(map, 100'000), 1U);
  EXPECT_EQ(InsideId(map, 165'535), 65'536U);
  EXPECT_EQ(InsideId(map, 165'536), std::nullopt);
  EXPECT_EQ(InsideId(map, 0), std::nullopt);
  EXPECT_EQ(InsideId({}, 0), std::nullopt);
}

TEST(SnapshotTest, IdsAtTheEndOfTheirRangeDoNotWrap) {
  const IdMap initial = {{.inside = 0, .outside = 0, .count = 4'294'967'295U}};
  EXPECT_EQ(InsideId(initial, 4'294'967'294U), 4'294'967'294U);
  EXPECT_EQ(InsideId(initial, 4'294'967'295U), std::nullopt);
  const IdMap high = {{.inside = 0, .outside = 4'294'967'290U, .count = 100}};
  EXPECT_EQ(InsideId(high, 4'294'967'295U), 5U);
  EXPECT_EQ(InsideId(high, 3), std::nullopt);
}

TEST(NamespacesTest, EachIsAFactOfItsOwn) {
  Namespaces namespaces;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    EXPECT_EQ(namespaces[static_cast<NamespaceKind>(at)], Missing(ErrorCode::kNotRead));
  }
  namespaces.Set(NamespaceKind::kMnt, NamespaceInode{0xFFFFFFFF});
  namespaces.Set(NamespaceKind::kTime, Missing(ErrorCode::kNotRead, 0xFFFF));
  namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kDenied, EACCES));
  EXPECT_EQ(namespaces[NamespaceKind::kMnt], NamespaceInode{0xFFFFFFFF});
  EXPECT_EQ(namespaces[NamespaceKind::kTime], Missing(ErrorCode::kNotRead, 0xFFFF));
  EXPECT_EQ(namespaces[NamespaceKind::kNet], Missing(ErrorCode::kDenied, EACCES));
  EXPECT_EQ(namespaces[NamespaceKind::kPid], Missing(ErrorCode::kNotRead));
}

TEST(NamespacesTest, ALaterFactReplacesAnEarlier) {
  Namespaces namespaces;
  namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kDenied, EACCES));
  namespaces.Set(NamespaceKind::kNet, NamespaceInode{7});
  EXPECT_EQ(namespaces[NamespaceKind::kNet], NamespaceInode{7});
  namespaces.Set(NamespaceKind::kNet, Missing(ErrorCode::kVanished));
  EXPECT_EQ(namespaces[NamespaceKind::kNet], Missing(ErrorCode::kVanished));
}

TEST(NamespacesTest, AFaultIsNoInodeOfTheSameBits) {
  Namespaces fault;
  fault.Set(NamespaceKind::kNet, Missing(ErrorCode::kNotFound, ENOENT));
  Namespaces inode;
  inode.Set(NamespaceKind::kNet, NamespaceInode{ENOENT});
  EXPECT_NE(fault, inode);
  EXPECT_EQ(fault, fault);
}

}  // namespace
}  // namespace hullmark
