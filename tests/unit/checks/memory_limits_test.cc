// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

// ---- RES-001 ----

Params MemoryParams(bool ancestor = true, bool high = false) { return Of({0.9, ancestor, high}); }

constexpr LimitCase kMemoryCases[] = {
    {"limited", [](LimitScene& scene) { scene.limits().memory = Own(Limit{1 << 20}); }, "pass"},
    {"by an ancestor", [](LimitScene& scene) { scene.limits().memory = Inherited(Limit{1 << 20}); },
     "pass"},
    {"unlimited", [](LimitScene& scene) { scene.limits().memory = Unlimited(); }, "fail"},
    {"to nearly all of the host's",
     [](LimitScene& scene) { scene.limits().memory = Own(Limit{950'000'000}); }, "fail"},
    {"by memory.high alone",
     [](LimitScene& scene) {
       scene.limits().memory = Unlimited();
       scene.limits().memory_high = Own(Limit{1 << 20});
     },
     "fail"},
    {"limited, and the host's memory is unreadable",
     [](LimitScene& scene) {
       scene.limits().memory = Own(Limit{1 << 20});
       scene.snapshot.host.memory_bytes = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
};

TEST(MemoryLimited, NeedsAFiniteLimitBelowTheHosts) {
  ExpectVerdicts("RES-001", kMemoryCases, MemoryParams());
  ExpectVerdicts("RES-001", kMemoryCases, MemoryParams(), CgroupVersion::kV1);
  ExpectFaults("RES-001", &LimitsInForce::memory, MemoryParams());
}

TEST(MemoryLimited, TakesAnAncestorsOrASoftLimitWhereTheSiteSaysSo) {
  LimitScene scene;
  const auto judge = [&](const Params& params) {
    return Say(Judge(ResourceChecks(), "RES-001", scene, params));
  };
  scene.limits().memory = Inherited(Limit{1 << 20});
  EXPECT_EQ(judge(MemoryParams(false)), "fail");
  scene.limits().memory = Own(Limit{1 << 20});
  EXPECT_EQ(judge(MemoryParams(false)), "pass");
  scene.container().cgroup.reset();  // What limits a container without a cgroup is an ancestor's.
  EXPECT_EQ(judge(MemoryParams(false)), "fail");
  EXPECT_EQ(judge(MemoryParams(true)), "pass");
  scene.limits().memory = Unlimited();
  scene.limits().memory_high = Own(Limit{1 << 20});
  EXPECT_EQ(judge(MemoryParams(true, true)), "pass");
}

TEST(MemoryLimited, NamesTheFile) {
  const auto proof = [](CgroupVersion version, InForce<Limit> memory) {
    LimitScene scene(version);
    scene.limits().memory = memory;
    return Proof(ResourceChecks(), "RES-001", scene, MemoryParams());
  };
  EXPECT_EQ(proof(CgroupVersion::kV2, Unlimited()),
            std::vector<std::string>{"/sys/fs/cgroup/docker/abc/memory.max: no memory limit"});
  EXPECT_EQ(proof(CgroupVersion::kV1, Inherited(Limit{950'000'000})),
            std::vector<std::string>{"/sys/fs/cgroup/docker/memory.limit_in_bytes: the limit is "
                                     "950000000 bytes of the host's 1000000000"});
}

// ---- RES-002 to RES-004 ----

constexpr LimitCase kReservationCases[] = {
    {"set", [](LimitScene& scene) { scene.limits().memory_reservation = Own(Limit{1 << 20}); },
     "pass"},
    {"not set", [](LimitScene& scene) { scene.limits().memory_reservation = Own(Limit{}); },
     "fail"},
    {"not below the limit",
     [](LimitScene& scene) {
       scene.limits().memory_reservation = Own(Limit{1 << 20});
       scene.limits().memory = Own(Limit{1 << 20});
     },
     "fail"},
    {"below the limit",
     [](LimitScene& scene) {
       scene.limits().memory_reservation = Own(Limit{1 << 19});
       scene.limits().memory = Own(Limit{1 << 20});
     },
     "pass"},
};

TEST(MemoryReserved, NeedsAValueBelowTheLimit) {
  ExpectVerdicts("RES-002", kReservationCases, {});
  ExpectFaults("RES-002", &LimitsInForce::memory_reservation, {});
}

constexpr LimitCase kSwapCases[] = {
    {"limited", [](LimitScene& scene) { scene.limits().swap = Own(Limit{0}); }, "pass"},
    {"unlimited", [](LimitScene& scene) { scene.limits().swap = Unlimited(); }, "fail"},
    {"unlimited on a host without swap",
     [](LimitScene& scene) {
       scene.limits().swap = Unlimited();
       scene.snapshot.host.swap_active = false;
     },
     "n/a"},
    {"unlimited, and nobody knows whether there is swap",
     [](LimitScene& scene) {
       scene.limits().swap = Unlimited();
       scene.snapshot.host.swap_active = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"limited, and nobody knows whether there is swap",
     [](LimitScene& scene) {
       scene.limits().swap = Own(Limit{0});
       scene.snapshot.host.swap_active = Missing(ErrorCode::kDenied, 13);
     },
     "pass"},
};

TEST(SwapLimited, MattersWhereThereIsSwap) {
  ExpectVerdicts("RES-003", kSwapCases, Of({true}));
  ExpectFaults("RES-003", &LimitsInForce::swap, Of({true}));
}

TEST(SwapLimited, TakesAnAncestorsWhereTheSiteSaysSo) {
  LimitScene scene;
  scene.limits().swap = Inherited(Limit{0});
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-003", scene, Of({true}))), "pass");
  EXPECT_EQ(Say(Judge(ResourceChecks(), "RES-003", scene, Of({false}))), "fail");
}

constexpr LimitCase kKernelMemoryCases[] = {
    {"charged to the limit", [](LimitScene& scene) { scene.limits().memory = Own(Limit{1}); },
     "pass"},
    {"no limit", [](LimitScene& scene) { scene.limits().memory = Unlimited(); }, "fail"},
    {"switched off at boot",
     [](LimitScene& scene) {
       scene.limits().memory = Own(Limit{1});
       scene.snapshot.host.command_line = "mitigations=auto cgroup.memory=nosocket,nokmem";
     },
     "fail"},
    {"another option of the boot line",
     [](LimitScene& scene) {
       scene.limits().memory = Own(Limit{1});
       scene.snapshot.host.command_line = "cgroup.memory=nobpf x=nokmem";
     },
     "pass"},
    {"the boot line is unreadable",
     [](LimitScene& scene) {
       scene.limits().memory = Own(Limit{1});
       scene.snapshot.host.command_line = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"nobody knows the version",
     [](LimitScene& scene) {
       for (auto& each : scene.snapshot.host.controller_versions) {
         each = Missing(ErrorCode::kVantage);
       }
     },
     "unknown"},
};

TEST(KernelMemoryAccounted, IsChargedToTheLimitOnVersion2) {
  ExpectVerdicts("RES-004", kKernelMemoryCases, {});
}

constexpr LimitCase kOldKernelMemoryCases[] = {
    {"a kernel that ignores the limit", [](LimitScene&) {}, "n/a"},
    {"limited on an older one",
     [](LimitScene& scene) {
       scene.snapshot.host.kernel = "5.15.0-91-generic";
       scene.limits().kernel_memory = Own(Limit{1});
     },
     "pass"},
    {"unlimited on an older one",
     [](LimitScene& scene) {
       scene.snapshot.host.kernel = "4.18.0";
       scene.limits().kernel_memory = Unlimited();
     },
     "fail"},
    {"no version of the kernel", [](LimitScene& scene) { scene.snapshot.host.kernel = "?"; },
     "unknown"},
};

TEST(KernelMemoryAccounted, HasALimitOfItsOwnOnVersion1) {
  ExpectVerdicts("RES-004", kOldKernelMemoryCases, {}, CgroupVersion::kV1);
}

// ---- RES-005 ----

void DisableOomKiller(LimitScene& scene) { scene.limits().oom_kill_disabled = Own(true); }
void ShowNoOomSwitch(LimitScene& scene) {
  scene.limits().oom_kill_disabled.value = Missing(ErrorCode::kNotFound);
}

constexpr LimitCase kOomCases[] = {
    {"on, nobody shielded",
     [](LimitScene& scene) { scene.limits().oom_kill_disabled = Own(false); }, "pass"},
    {"version 2 has no switch", ShowNoOomSwitch, "pass"},
    {"off", DisableOomKiller, "fail"},
    {"off, with a limit",
     [](LimitScene& scene) {
       DisableOomKiller(scene);
       scene.limits().memory = Own(Limit{1});
     },
     "fail low/2"},
    {"off, with a limit, and a process that could not be read",
     [](LimitScene& scene) {
       DisableOomKiller(scene);
       scene.limits().memory = Own(Limit{1});
       scene.process().oom_score_adj = Missing(ErrorCode::kDenied, 13);
     },
     "fail"},
    {"off, with a limit, and a shielded process",
     [](LimitScene& scene) {
       DisableOomKiller(scene);
       scene.limits().memory = Own(Limit{1});
       scene.process().oom_score_adj = std::int16_t{-1};
     },
     "fail"},
    {"one of two processes shielded",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.process(scene.AddProcess()).oom_score_adj = std::int16_t{-1000};
     },
     "fail"},
    {"a process that could not be read",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.process(scene.AddProcess()).oom_score_adj = Missing(ErrorCode::kDenied, 13);
     },
     "unknown"},
    {"no processes",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.container().members.clear();
     },
     "unknown"},
    {"the kubelet's value for a guaranteed pod",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.snapshot.cgroups.back().path =
           scene.snapshot.strings.Intern("/kubepods.slice/kubepods-podx.slice/cri-abc.scope");
       scene.process().oom_score_adj = std::int16_t{-997};
     },
     "pass"},
    {"the kubelet's value for a sandbox, in a container",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.snapshot.cgroups.back().path = scene.snapshot.strings.Intern("/kubepods/podx/abc");
       scene.process().oom_score_adj = std::int16_t{-998};
     },
     "fail"},
    {"the kubelet's value for a sandbox",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.snapshot.cgroups.back().path = scene.snapshot.strings.Intern("/kubepods/podx/abc");
       scene.process().oom_score_adj = std::int16_t{-998};
       scene.container().container_class = ContainerClass::kPause;
     },
     "pass"},
    {"a claim to be of Kubernetes",
     [](LimitScene& scene) {
       ShowNoOomSwitch(scene);
       scene.container().kubernetes = KubernetesClaims{};
       scene.process().oom_score_adj = std::int16_t{-997};
     },
     "fail"},
};

TEST(KillableWhenMemoryIsShort, LooksAtTheSwitchAndAtEveryProcess) {
  ExpectVerdicts("RES-005", kOomCases,
                 Of({std::int64_t{0}, std::int64_t{-997}, std::int64_t{-998}}));
}

}  // namespace
}  // namespace hullmark::testing
