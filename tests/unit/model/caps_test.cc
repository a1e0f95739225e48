// SPDX-License-Identifier: Apache-2.0
#include "hullmark/caps.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace hullmark {
namespace {

TEST(CapsTest, NamesAreTheKernels) {
  const std::pair<int, std::string_view> anchors[] = {
      {CAP_CHOWN, "CAP_CHOWN"},
      {CAP_NET_RAW, "CAP_NET_RAW"},
      {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
      {CAP_MKNOD, "CAP_MKNOD"},
      {CAP_SYSLOG, "CAP_SYSLOG"},
      {CAP_AUDIT_READ, "CAP_AUDIT_READ"},
      {CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE"}};
  for (const auto& [number, name] : anchors) {
    EXPECT_EQ(NameOfCap(number), name);
    EXPECT_EQ(CapOfName(name), static_cast<Cap>(number));
  }
  EXPECT_EQ(kNamedCaps, CAP_CHECKPOINT_RESTORE + 1);
  EXPECT_EQ(std::to_underlying(Cap::kCheckpointRestore), CAP_CHECKPOINT_RESTORE);
}

TEST(CapsTest, EveryNumberHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int number = 0; number < kNamedCaps; ++number) {
    const auto name = NameOfCap(number);
    ASSERT_TRUE(name) << number;
    EXPECT_TRUE(names.insert(*name).second) << *name;
    EXPECT_EQ(CapOfName(*name), static_cast<Cap>(number));
    EXPECT_EQ(CapOfName(name->substr(4)), static_cast<Cap>(number));
  }
  EXPECT_EQ(NameOfCap(kNamedCaps), std::nullopt);
  EXPECT_EQ(NameOfCap(-1), std::nullopt);
}

TEST(CapsTest, WhatIsNoNameIsNone) {
  for (const char* const text :
       {"", "CAP_", "cap_chown", "chown", "CHOWN ", "CAP_CAP_CHOWN", "SYS", "SYS_ADMINX"}) {
    EXPECT_EQ(CapOfName(text), std::nullopt) << text;
  }
}

TEST(CapsTest, SetsKeepBitsWithoutAName) {
  const CapSet caps(std::uint64_t{1} << 63 | std::uint64_t{1} << CAP_SYS_ADMIN);
  EXPECT_TRUE(caps.Has(Cap::kSysAdmin));
  EXPECT_FALSE(caps.Has(Cap::kChown));
  EXPECT_EQ((caps - CapSet{Cap::kSysAdmin}).bits(), std::uint64_t{1} << 63);
  EXPECT_EQ(CapSet::UpTo(0), CapSet{Cap::kChown});
  EXPECT_EQ(CapSet::UpTo(40).bits(), 0x1ff'ffff'ffffU);
  EXPECT_EQ(CapSet::UpTo(63).bits(), ~std::uint64_t{0});
}

TEST(CapsTest, SetsCompareAsSets) {
  const CapSet two = {Cap::kChown, Cap::kKill};
  const CapSet one = {Cap::kKill};
  EXPECT_TRUE(one.SubsetOf(two));
  EXPECT_FALSE(two.SubsetOf(one));
  EXPECT_TRUE(CapSet().SubsetOf(one));
  EXPECT_TRUE(two.Intersects(one));
  EXPECT_FALSE((two - one).Intersects(one));
  EXPECT_EQ(two & one, one);
  EXPECT_EQ(one | CapSet{Cap::kChown}, two);
  EXPECT_TRUE((one - two).empty());
}

TEST(CapsTest, TextListsInOrderAndCountsTheRest) {
  EXPECT_EQ(ToText({}), "");
  EXPECT_EQ(ToText({Cap::kSysAdmin, Cap::kNetAdmin}), "CAP_NET_ADMIN, CAP_SYS_ADMIN");
  EXPECT_EQ(ToText(CapSet(std::uint64_t{1} << 45 | 1)), "CAP_CHOWN, bit 45");
  EXPECT_EQ(ToText(CapSet::UpTo(2), 3), "CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH");
  EXPECT_EQ(ToText(CapSet::UpTo(3), 2), "CAP_CHOWN, CAP_DAC_OVERRIDE and 2 more");
  EXPECT_TRUE(ToText(CapSet::UpTo(63)).ends_with(" and 56 more"));
}

}  // namespace
}  // namespace hullmark
