// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/host_files.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr auto kMalformed = Missing(ErrorCode::kMalformed);

TEST(HostFiles, MemTotal) {
  EXPECT_EQ(ParseMemTotal("MemTotal:       24684084 kB\nMemFree:  1 kB\n"), 24684084ULL * 1024);
  for (const std::string_view bad :
       {"", "MemTotalX: 1 kB\n", "MemTotal: kB\n", "MemTotal: 1\n", "MemTotal: 1 MB\n",
        "MemTotal: -1 kB\n", "MemTotal: 18014398509481984 kB\n"}) {
    EXPECT_EQ(ParseMemTotal(bad), kMalformed) << bad;
  }
}

TEST(HostFiles, Swaps) {
  const std::string header = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  EXPECT_EQ(ParseSwaps(header), false);
  EXPECT_EQ(ParseSwaps(header + "/dev/zram0  partition 8388604 0 100\n"), true);
  EXPECT_EQ(ParseSwaps(""), kMalformed);
}

TEST(HostFiles, ProcCgroups) {
  const std::string header = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
  EXPECT_EQ(ParseProcCgroups(header + "cpuset\t3\t74\t1\nmemory\t0\t1\t0\n"),
            (std::vector<CgroupController>{{.name = "cpuset", .hierarchy = 3, .enabled = true},
                                           {.name = "memory", .hierarchy = 0, .enabled = false}}));
  for (const std::string& bad : {std::string(), std::string("cpuset\t3\t74\t1\n"),
                                 header + "cpuset\t3\t74\n", header + "cpuset\t3\t74\t2\n",
                                 header + "cpuset\tx\t74\t1\n", header + "\n", header + "cpu"}) {
    EXPECT_EQ(ParseProcCgroups(bad), kMalformed) << bad;
  }
}

TEST(HostFiles, Lockdown) {
  EXPECT_EQ(ParseLockdown("none [integrity] confidentiality\n"), "integrity");
  EXPECT_EQ(ParseLockdown("[none] integrity confidentiality"), "none");
  EXPECT_EQ(ParseLockdown("none integrity\n"), kMalformed);
  EXPECT_EQ(ParseLockdown("[] none\n"), kMalformed);
  EXPECT_EQ(ParseLockdown(""), kMalformed);
}

TEST(HostFiles, LsmList) {
  EXPECT_EQ(ParseLsmList("lockdown,capability,landlock,bpf"),
            (std::vector<std::string>{"lockdown", "capability", "landlock", "bpf"}));
  EXPECT_EQ(ParseLsmList("capability\n"), std::vector<std::string>{"capability"});
  for (const std::string_view bad : {"", "\n", ",", "a,", "a,,b"}) {
    EXPECT_EQ(ParseLsmList(bad), kMalformed) << bad;
  }
}

TEST(HostFiles, GroupNames) {
  constexpr std::string_view kGroups =
      "root:x:0:\n+:::\nbad:x:y:\n:x:5:\ndocker:x:998:ann,bob\nother:x:998:\nlast:x:7";
  EXPECT_EQ(GroupNameOf(kGroups, Gid{0}), "root");
  EXPECT_EQ(GroupNameOf(kGroups, Gid{998}), "docker");
  EXPECT_EQ(GroupNameOf(kGroups, Gid{7}), "last");
  EXPECT_EQ(GroupNameOf(kGroups, Gid{5}), std::nullopt);
  EXPECT_EQ(GroupNameOf("", Gid{0}), std::nullopt);
}

TEST(HostFiles, EnforcedProfiles) {
  EXPECT_EQ(CountEnforcedProfiles("docker-default (enforce)\n/usr/bin/a (enforce) (complain)\n"
                                  "b c (kill)\nd (unconfined)\n"),
            2U);
  EXPECT_EQ(CountEnforcedProfiles(""), 0U);
  EXPECT_EQ(CountEnforcedProfiles("docker-default\n"), kMalformed);
  EXPECT_EQ(CountEnforcedProfiles("docker-default (enf"), kMalformed);
}

TEST(HostFiles, DeviceNumbers) {
  EXPECT_EQ(ParseDeviceNumber("254:16\n"), (DeviceNumber{.major = 254, .minor = 16}));
  for (const std::string_view bad : {"", "254", "254:", ":16", "a:1", "1:2:3", "1:-2"}) {
    EXPECT_EQ(ParseDeviceNumber(bad), kMalformed) << bad;
  }
}

TEST(HostFiles, TrimsOneNewline) {
  EXPECT_EQ(TrimLine("6.18.44\n"), "6.18.44");
  EXPECT_EQ(TrimLine("a\n\n"), "a\n");
  EXPECT_EQ(TrimLine(""), "");
}

}  // namespace
TEST(ParseBootTime, ReadsSecondsAndRefusesWhatIsNoTime) {
  EXPECT_EQ(ParseBootTime("cpu  1 2 3\nbtime 1700000000\nprocesses 4\n"),
            Timestamp{1'700'000'000'000'000'000});
  for (const char* const text :
       {"", "cpu 1\n", "btime\n", "btime -1\n", "btime x\n", "btime 9223372036854775807\n"}) {
    const auto time = ParseBootTime(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::kMalformed) << text;
  }
}

}  // namespace hullmark
