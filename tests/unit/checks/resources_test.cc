// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_cases.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

// ---- RES-006 ----

Params PidsParams(bool ancestor = true) { return Of({std::int64_t{4096}, 0.9, ancestor}); }

constexpr LimitCase kPidsCases[] = {
    {"limited", [](LimitScene& scene) { scene.limits().pids = Own(Limit{64}); }, "pass"},
    {"unlimited", [](LimitScene& scene) { scene.limits().pids = Unlimited(); }, "fail"},
    {"too many", [](LimitScene& scene) { scene.limits().pids = Own(Limit{4097}); }, "fail"},
    {"half of what the host has",
     [](LimitScene& scene) {
       scene.limits().pids = Own(Limit{2048});
       scene.SetSysctl("kernel/pid_max", "4096");
     },
     "fail"},
    {"pid_max is unreadable",
     [](LimitScene& scene) {
       scene.limits().pids = Own(Limit{64});
       scene.SetSysctl("kernel/pid_max", Missing(ErrorCode::kDenied, 13));
     },
     "unknown"},
};

TEST(ProcessCountLimited, NeedsASmallLimit) {
  ExpectVerdicts("RES-006", kPidsCases, PidsParams());
  ExpectFaults("RES-006", &LimitsInForce::pids, PidsParams());
}

TEST(ProcessCountLimited, NotesALimitThatIsNearlyReached) {
  LimitScene scene;
  scene.limits().pids = Inherited(Limit{64});
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-006", scene, PidsParams(false))), "fail");
  EXPECT_EQ(Judge(ResourceChecks(), "RES-006", scene, PidsParams()).note, "");
  scene.status().threads = 60;
  EXPECT_NE(Judge(ResourceChecks(), "RES-006", scene, PidsParams()).note, "");
}

// ---- RES-007 to RES-009 ----

InForce<CpuQuota> Quota(std::uint64_t quota) { return Own(CpuQuota{.quota = quota}); }

constexpr LimitCase kQuotaCases[] = {
    {"half a CPU", [](LimitScene& scene) { scene.limits().cpu_quota = Quota(50'000); }, "pass"},
    {"none", [](LimitScene& scene) { scene.limits().cpu_quota = Own(CpuQuota{}); }, "fail"},
    {"as many as the host has",
     [](LimitScene& scene) { scene.limits().cpu_quota = Quota(400'000); }, "fail"},
    {"no list of CPUs",
     [](LimitScene& scene) {
       scene.limits().cpu_quota = Quota(50'000);
       scene.snapshot.host.cpus_online = "0-";
     },
     "unknown"},
};

TEST(CpuTimeLimited, NeedsLessThanTheHostHas) {
  ExpectVerdicts("RES-007", kQuotaCases, Of({1.0, true}));
  ExpectFaults("RES-007", &LimitsInForce::cpu_quota, Of({1.0, true}));
  LimitScene old(CgroupVersion::kV1);  // There every cgroup has the file, if the kernel knows it.
  old.limits().cpu_quota.value = Missing(ErrorCode::kNotFound);
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-007", old, Of({1.0, true}))), "n/a");
}

TEST(CpuWeightAssigned, DiffersFromTheDefaultOfItsVersion) {
  const auto judge = [](CgroupVersion version, std::uint64_t weight) {
    LimitScene scene(version);
    scene.limits().cpu_weight = Own(weight);
    return Say(Judge(ResourceChecks(), "RES-008", scene, Of({true})));
  };
  EXPECT_EQ(judge(CgroupVersion::kV2, 100), "fail");
  EXPECT_EQ(judge(CgroupVersion::kV2, 1024), "pass");
  EXPECT_EQ(judge(CgroupVersion::kV1, 1024), "fail");
  EXPECT_EQ(judge(CgroupVersion::kV1, 100), "pass");
  LimitScene inherited;
  inherited.limits().cpu_weight = Inherited(std::uint64_t{50});
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-008", inherited, Of({true}))), "pass");
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-008", inherited, Of({false}))), "fail");
  ExpectFaults("RES-008", &LimitsInForce::cpu_weight, Of({true}));
}

TEST(CpusRestricted, AreFewerThanTheHostHas) {
  const auto judge = [](std::string_view cpus, std::string_view online) {
    LimitScene scene;
    scene.snapshot.host.cpus_online = std::string(online);
    scene.limits().cpuset = Own(scene.snapshot.strings.Intern(cpus));
    return Say(Judge(ResourceChecks(), "RES-009", scene));
  };
  EXPECT_EQ(judge("0", "0-3"), "pass");
  EXPECT_EQ(judge("0,2-3", "0-3"), "pass");
  EXPECT_EQ(judge("0-3", "0-3"), "fail");
  EXPECT_EQ(judge("0-3", "0-1,3"), "fail");  // One that is off line restricts nothing.
  EXPECT_EQ(judge("", "0-3"), "unknown");
  EXPECT_EQ(judge("3-1", "0-3"), "unknown");
  EXPECT_EQ(judge("0-99999999", "0-3"), "unknown");
  EXPECT_EQ(judge("0", ""), "unknown");
  ExpectFaults("RES-009", &LimitsInForce::cpuset, {});
}

}  // namespace
}  // namespace hullmark::testing
