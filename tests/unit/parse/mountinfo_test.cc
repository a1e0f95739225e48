// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/mountinfo.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

constexpr std::size_t kMost = 100;

// The only mount of a text of one line.
Mount One(std::string_view text, StringTable& strings) {
  const auto parsed = ParseMountinfo(text, strings, kMost);
  EXPECT_TRUE(parsed && parsed->mounts.size() == 1 && !parsed->truncated) << text;
  return parsed && !parsed->mounts.empty() ? parsed->mounts.front() : Mount{};
}

TEST(Mountinfo, ReadsAContainersRoot) {
  StringTable strings;
  const Mount mount =
      One("310 280 0:108 / / ro,relatime master:10 - overlay overlay rw,lowerdir=/l/A:/l/B,"
          "upperdir=/var/lib/docker/overlay2/d9/diff,workdir=/w\n",
          strings);
  EXPECT_EQ(mount.id, 310U);
  EXPECT_EQ(mount.parent, 280U);
  EXPECT_EQ(mount.device, (DeviceNumber{.major = 0, .minor = 108}));
  EXPECT_EQ(strings[mount.root], "/");
  EXPECT_EQ(strings[mount.mount_point], "/");
  EXPECT_EQ(strings[mount.type], "overlay");
  EXPECT_EQ(strings[mount.source], "overlay");
  EXPECT_EQ(strings[mount.upper_dir], "/var/lib/docker/overlay2/d9/diff");
  EXPECT_EQ(mount.shared, 0U);
  EXPECT_EQ(mount.master, 10U);
  EXPECT_EQ(mount.flags, MountFlags{.read_only = true});
}

TEST(Mountinfo, ReadsFlagsFromTheirOwnPlaces) {
  StringTable strings;
  const auto masked =
      One("1 2 254:0 /null /proc/keys rw,nosuid,nodev,noexec shared:4 master:5 propagate_from:6 "
          "unbindable new:7 - tmpfs tmpfs ro,nosuid\n",
          strings);
  EXPECT_EQ(masked.flags, (MountFlags{.no_suid = true, .no_dev = true, .super_read_only = true}));
  EXPECT_EQ(masked.shared, 4U);
  EXPECT_EQ(masked.master, 5U);
  // "ro" or "nosuid" after the dash or inside another option says nothing of this mount.
  const auto plain =
      One("1 2 0:5 / /x rw,errors=ro,nosuidx - ext4 /dev/vda rw,ro,nosuid\n", strings);
  EXPECT_EQ(plain.flags, MountFlags{});
}

TEST(Mountinfo, UndoesOctalEscapes) {
  StringTable strings;
  const auto mount =
      One("1 2 0:5 /a\\040b\\011c\\134d#e /p\\012\\055q rw - fuse.x\\040y na\\040me\\043 rw\n",
          strings);
  EXPECT_EQ(strings[mount.root], "/a b\tc\\d#e");
  EXPECT_EQ(strings[mount.mount_point], "/p\n-q");
  EXPECT_EQ(strings[mount.type], "fuse.x y");
  EXPECT_EQ(strings[mount.source], "na me#");
  EXPECT_EQ(WithoutOctalEscapes("\\04 \\400\\9\\377\\"), "\\04 \\400\\9\377\\");
}

TEST(Mountinfo, KeepsCommasOfAnUpperDirectory) {
  StringTable strings;
  const auto mount =
      One("1 2 0:5 / / rw - overlay o rw,lowerdir=/x,upperdir=/a\\054upperdir\\075/b,c\n", strings);
  EXPECT_EQ(strings[mount.upper_dir], "/a,upperdir=/b");
  EXPECT_EQ(One("1 2 0:5 / / rw - ext4 o rw,upperdir=/a\n", strings).upper_dir, StringId{});
}

TEST(Mountinfo, TellsADeletedRoot) {
  StringTable strings;
  const auto gone = One("1 2 254:0 /srv/x//deleted /x rw - ext4 /dev/vda rw\n", strings);
  EXPECT_TRUE(gone.flags.root_deleted);
  EXPECT_EQ(strings[gone.root], "/srv/x");
  const auto named = One("1 2 254:0 /srv/deleted /x rw - ext4 /dev/vda rw\n", strings);
  EXPECT_FALSE(named.flags.root_deleted);
  EXPECT_EQ(strings[One("1 2 0:4 net:[40265] /run/n rw - nsfs nsfs rw\n", strings).root],
            "net:[40265]");
  EXPECT_EQ(strings[One("1 2 0:4 //deleted /x rw - ext4 /dev/vda rw\n", strings).root], "/");
}

TEST(Mountinfo, TakesAnEmptySource) {
  StringTable strings;
  const auto mount = One("1 2 0:5 / /x rw - tmpfs  rw,size=4k\n", strings);
  EXPECT_EQ(strings[mount.source], "");
  EXPECT_EQ(strings[mount.type], "tmpfs");
}

TEST(Mountinfo, RefusesTheWholeTableForOneBadLine) {
  for (const std::string_view bad : {"\n",
                                     "x 2 0:5 / / rw - t s rw\n",
                                     "1 -2 0:5 / / rw - t s rw\n",
                                     "1 2 05 / / rw - t s rw\n",
                                     "1 2 0: / / rw - t s rw\n",
                                     "1 2 0:5 / / rw t s rw\n",
                                     "1 2 0:5 / / rw - t s\n",
                                     "1 2 0:5 / / rw - t s \n",
                                     "1 2 0:5 / / - t s rw\n",
                                     "1 2 0:5 / / relatime - t s rw\n",
                                     "1 2 0:5 / / rw - t s relatime\n",
                                     "1 2 0:5 / / rw shared:0 - t s rw\n",
                                     "1 2 0:5 / / rw shared:x - t s rw\n",
                                     "1 2 0:5 / / rw master: - t s rw\n",
                                     "1 2 0:5 / / rw  - t s rw\n",
                                     "1 2 0:5  / rw - t s rw\n",
                                     "1 2 0:5 /\n",
                                     "1 2\n",
                                     "1 2 0:5 / / rw - \n",
                                     "4294967296 2 0:5 / / rw - t s rw\n"}) {
    StringTable strings;
    const auto text = "7 8 0:5 / / rw - t s rw\n" + std::string(bad);
    EXPECT_EQ(ParseMountinfo(text, strings, kMost), Missing(ErrorCode::kMalformed)) << bad;
    EXPECT_EQ(ParseMountinfoWithOptions(text, strings), Missing(ErrorCode::kMalformed)) << bad;
  }
}

TEST(Mountinfo, SaysWhenThereIsMore) {
  constexpr std::string_view kTwo = "1 2 0:5 / / rw - t s rw\n2 1 0:5 / /x rw - t s rw\n";
  StringTable strings;
  const auto all = ParseMountinfo(kTwo, strings, 2);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->mounts.size(), 2U);
  EXPECT_FALSE(all->truncated);
  for (const auto& part : {ParseMountinfo(kTwo, strings, 1),
                           ParseMountinfo(kTwo.substr(0, kTwo.size() - 1), strings, 2)}) {
    ASSERT_TRUE(part);
    EXPECT_EQ(part->mounts.size(), 1U);
    EXPECT_TRUE(part->truncated);
  }
  EXPECT_EQ(ParseMountinfo("", strings, 1)->mounts.size(), 0U);
  EXPECT_FALSE(ParseMountinfoWithOptions(kTwo.substr(0, kTwo.size() - 1), strings));
}

TEST(Mountinfo, HandsOutSuperOptions) {
  StringTable strings;
  const auto lines = ParseMountinfoWithOptions(
      "30 27 0:27 / /sys/fs/cgroup/cpu rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
      "31 27 0:28 /a /sys/fs/cgroup/systemd rw - cgroup none ro,name=systemd\n",
      strings);
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ(lines->front().super_options, "rw,cpu,cpuacct");
  EXPECT_EQ(strings[lines->back().mount.root], "/a");
  EXPECT_EQ(SuperOption(lines->front().super_options, "cpu"), "");
  EXPECT_EQ(SuperOption(lines->front().super_options, "cp"), std::nullopt);
  EXPECT_EQ(SuperOption(lines->back().super_options, "name"), "systemd");
  EXPECT_EQ(SuperOption("a=b=c,d=", "a"), "b=c");
  EXPECT_EQ(SuperOption("", "a"), std::nullopt);
}

}  // namespace
}  // namespace hullmark
