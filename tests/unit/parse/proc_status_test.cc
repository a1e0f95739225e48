// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/proc_status.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// The init of a container on Linux 6.18; the name tries to forge a line.
constexpr std::string_view kContainerInit =
    "Name:\tx\\nCapEff:\t0\n"
    "Umask:\t0022\n"
    "State:\tS (sleeping)\n"
    "Tgid:\t4280\n"
    "Ngid:\t0\n"
    "Pid:\t4280\n"
    "PPid:\t4250\n"
    "TracerPid:\t0\n"
    "Uid:\t1000\t0\t65534\t7\n"
    "Gid:\t100\t101\t102\t103\n"
    "FDSize:\t64\n"
    "Groups:\t10 999 \n"
    "NStgid:\t4280\t1\n"
    "NSpid:\t4280\t17\t1\n"
    "NSpgid:\t4280\t1\n"
    "NSsid:\t4280\t1\n"
    "Kthread:\t0\n"
    "VmPeak:\t    4404 kB\n"
    "Threads:\t3\n"
    "SigQ:\t0/96365\n"
    "CapInh:\t0000000000000001\n"
    "CapPrm:\t0000003ffeffffff\n"
    "CapEff:\t00000000a80425fb\n"
    "CapBnd:\t000001ffffffffff\n"
    "CapAmb:\t0000000000000400\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n"
    "Seccomp_filters:\t70000\n"
    "Speculation_Store_Bypass:\tvulnerable\n"
    "nonvoluntary_ctxt_switches:\t1\n";

// kContainerInit with the line of `key` replaced; "" takes it away.
std::string With(std::string_view key, std::string_view line) {
  std::string text(kContainerInit);
  const auto at = text.find("\n" + std::string(key) + ":") + 1;
  return text.replace(at, text.find('\n', at) + 1 - at, line);
}

TEST(ProcStatus, ReadsAContainersInit) {
  const auto parsed = ParseProcStatus(kContainerInit);
  ASSERT_TRUE(parsed);
  const ProcStatus expected{
      .inheritable = CapSet(1),
      .permitted = CapSet(0x3ffeffffff),
      .effective = CapSet(0xa80425fb),
      .bounding = CapSet(0x1ffffffffff),
      .ambient = CapSet(0x400),
      .uid = {.real = Uid{1000}, .effective = Uid{0}, .saved = Uid{65534}, .fs = Uid{7}},
      .gid = {.real = Gid{100}, .effective = Gid{101}, .saved = Gid{102}, .fs = Gid{103}},
      .innermost_pid = 1,
      .threads = 3,
      .pid_depth = 3,
      .no_new_privs = true,
      .seccomp = SeccompMode::kFilter,
      .seccomp_filters = 65535,
      .kernel_thread = false};
  EXPECT_EQ(parsed->facts, expected);
  EXPECT_EQ(parsed->name, "x\\nCapEff:\t0");
  EXPECT_EQ(ParseGroups(parsed->groups), (std::vector{Gid{10}, Gid{999}}));
}

TEST(ProcStatus, LeavesWhatOldKernelsLackUnsaid) {
  const auto parsed = ParseProcStatus(
      "Name:\tinit\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \n"
      "CapInh:\t0000000000000000\nCapPrm:\tffffffffffffffff\n"
      "CapEff:\tffffffffffffffff\nCapBnd:\tffffffffffffffff\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->facts.ambient, std::nullopt);
  EXPECT_EQ(parsed->facts.no_new_privs, std::nullopt);
  EXPECT_EQ(parsed->facts.seccomp, std::nullopt);
  EXPECT_EQ(parsed->facts.seccomp_filters, std::nullopt);
  EXPECT_EQ(parsed->facts.kernel_thread, std::nullopt);
  EXPECT_EQ(parsed->facts.pid_depth, 0);
  EXPECT_EQ(parsed->facts.threads, 0U);
  EXPECT_EQ(ParseGroups(parsed->groups), std::vector<Gid>{});
}

TEST(ProcStatus, MissesNoMandatoryLine) {
  for (const std::string_view key :
       {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd"}) {
    EXPECT_EQ(ParseProcStatus(With(key, "")), Missing(ErrorCode::kMalformed)) << key;
  }
  for (const std::string_view key : {"NSpid", "Kthread", "Threads", "CapAmb", "NoNewPrivs"}) {
    EXPECT_TRUE(ParseProcStatus(With(key, ""))) << key;
  }
}

struct BadLine {
  std::string_view key, line;
};

class ProcStatusBadLine : public testing::TestWithParam<BadLine> {};

TEST_P(ProcStatusBadLine, IsMalformed) {
  EXPECT_EQ(ParseProcStatus(With(GetParam().key, GetParam().line)), Missing(ErrorCode::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ProcStatusBadLine,
    testing::Values(BadLine{"Uid", "Uid:\t0\t0\t0\n"}, BadLine{"Uid", "Uid:\t0\t0\t0\t0\t0\n"},
                    BadLine{"Uid", "Uid:\t0\t0\t0\t-1\n"},
                    BadLine{"Uid", "Uid:\t0\t0\t0\t4294967296\n"},
                    BadLine{"Uid", "Uid:\t0\t0\t0\t0\nUid:\t0\t0\t0\t0\n"},
                    BadLine{"Gid", "Gid: 0 0 0 0\n"}, BadLine{"CapEff", "CapEff:\t00a80425fb\n"},
                    BadLine{"CapEff", "CapEff:\t00000000a80425fg\n"},
                    BadLine{"CapEff", "CapEff:\t\n"},
                    BadLine{"CapBnd", "CapBnd:\t0000000000000000 1\n"},
                    BadLine{"CapAmb", "CapAmb:\t+000000000000000\n"},
                    BadLine{"NSpid", "NSpid:\t\n"}, BadLine{"NSpid", "NSpid:\t1\t-2\n"},
                    BadLine{"NSpid", "NSpid:\t1x\n"}, BadLine{"Threads", "Threads:\tmany\n"},
                    BadLine{"Kthread", "Kthread:\t2\n"}, BadLine{"NoNewPrivs", "NoNewPrivs:\t\n"},
                    BadLine{"NoNewPrivs", "NoNewPrivs:\t01\n"}, BadLine{"Seccomp", "Seccomp:\t3\n"},
                    BadLine{"Seccomp_filters", "Seccomp_filters:\t1 1\n"}));

TEST(ProcStatus, DoesNotTrustALineThatWasCutOff) {
  EXPECT_FALSE(ParseProcStatus(""));
  for (std::size_t size = 0; size < kContainerInit.size(); ++size) {
    const auto parsed = ParseProcStatus(kContainerInit.substr(0, size));
    // Complete once the last mandatory line is, and then only at line ends.
    EXPECT_EQ(parsed.has_value(),
              size > kContainerInit.find("CapAmb") - 1 && kContainerInit[size - 1] == '\n')
        << size;
  }
}

TEST(ProcStatus, TakesKeysWholeAndAtLineStartsOnly) {
  EXPECT_FALSE(ParseProcStatus(With("CapEff", "xCapEff:\t0000000000000000\n")));
  EXPECT_FALSE(ParseProcStatus(With("CapEff", "CapEffx:\t0000000000000000\n")));
  EXPECT_FALSE(ParseProcStatus(With("CapEff", "CapEff\n")));
}

TEST(Groups, RefuseWhatIsNoNumberAndMoreThanTheKernelAllows) {
  EXPECT_FALSE(ParseGroups("10 x"));
  EXPECT_FALSE(ParseGroups("4294967296"));
  std::string many;
  for (int i = 0; i < 65536; ++i) many += "7 ";
  EXPECT_EQ(ParseGroups(many)->size(), 65536U);
  EXPECT_FALSE(ParseGroups(many + "7"));
}

}  // namespace
}  // namespace hullmark
