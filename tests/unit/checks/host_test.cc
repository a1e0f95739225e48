// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/kernel_settings.h"
#include "checks/table.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/limit_scene.h"
#include "tests/unit/checks/say.h"

namespace hullmark::testing {
namespace {

constexpr auto kAbsent = Missing(ErrorCode::kNotFound, 2);
constexpr auto kDenied = Missing(ErrorCode::kDenied, 13);

using Settings = std::initializer_list<std::pair<std::string_view, Fact<std::string>>>;

std::string Host(std::string_view id, const LimitScene& scene, const Params& params = {}) {
  return Say(Judge(HostChecks(), id, scene, params));
}

std::string WithSettings(std::string_view id, Settings settings, const Params& params = {}) {
  LimitScene scene;
  for (const auto& [name, value] : settings) scene.SetSysctl(name, value);
  return Host(id, scene, params);
}

TEST(UserNamespacesRestricted, TakesAnyOfTheSwitches) {
  constexpr std::string_view kClone = "kernel/unprivileged_userns_clone";
  constexpr std::string_view kApparmor = "kernel/apparmor_restrict_unprivileged_userns";
  constexpr std::string_view kMost = "user/max_user_namespaces";
  const auto judge = [](Settings settings, bool rootless = false) {
    return WithSettings("HST-001", settings, Of({rootless}));
  };
  EXPECT_EQ(judge({{kClone, "0"}, {kApparmor, kAbsent}, {kMost, "9"}}), "pass");
  EXPECT_EQ(judge({{kClone, kAbsent}, {kApparmor, "1"}, {kMost, "9"}}), "pass");
  EXPECT_EQ(judge({{kClone, kAbsent}, {kApparmor, kAbsent}, {kMost, "0"}}), "pass");
  EXPECT_EQ(judge({{kClone, "1"}, {kApparmor, "0"}, {kMost, "9"}}), "fail");
  EXPECT_EQ(judge({{kClone, kAbsent}, {kApparmor, kAbsent}, {kMost, "9"}}, true), "n/a");
  EXPECT_EQ(judge({{kClone, kAbsent}, {kApparmor, kAbsent}, {kMost, kAbsent}}), "n/a");
  EXPECT_EQ(judge({{kClone, kDenied}, {kApparmor, kAbsent}, {kMost, "9"}}), "unknown");
  EXPECT_EQ(judge({{kClone, kDenied}, {kApparmor, "1"}, {kMost, "9"}}), "pass");
  EXPECT_EQ(judge({}), "unknown");
}

TEST(BpfRestricted, PricesTheCompilerApart) {
  constexpr std::string_view kOff = "kernel/unprivileged_bpf_disabled";
  constexpr std::string_view kHarden = "net/core/bpf_jit_harden";
  const auto judge = [](Settings settings) {
    return WithSettings("HST-002", settings, Of({std::int64_t{1}}));
  };
  EXPECT_EQ(judge({{kOff, "1"}, {kHarden, "2"}}), "pass");
  EXPECT_EQ(judge({{kOff, "2"}, {kHarden, "1"}}), "pass");
  EXPECT_EQ(judge({{kOff, "0"}, {kHarden, "2"}}), "fail");
  EXPECT_EQ(judge({{kOff, "1"}, {kHarden, "0"}}), "fail low/1");
  EXPECT_EQ(judge({{kOff, "1"}, {kHarden, kDenied}}), "unknown");
  EXPECT_EQ(judge({{kOff, "0"}, {kHarden, kDenied}}), "fail");
  EXPECT_EQ(judge({{kOff, "1"}, {kHarden, kAbsent}}), "pass");
  EXPECT_EQ(judge({{kOff, kAbsent}}), "n/a");
  EXPECT_EQ(judge({{kOff, "yes"}}), "unknown");
  EXPECT_EQ(judge({}), "unknown");
}

TEST(KernelAddressesHidden, NeedsEveryPartThatTheKernelHas) {
  const auto judge = [](Fact<std::string> kptr, Fact<std::string> dmesg, Fact<std::string> perf,
                        Fact<std::string> random) {
    return WithSettings("HST-003",
                        {{"kernel/kptr_restrict", std::move(kptr)},
                         {"kernel/dmesg_restrict", std::move(dmesg)},
                         {"kernel/perf_event_paranoid", std::move(perf)},
                         {"kernel/randomize_va_space", std::move(random)}},
                        Of({std::int64_t{1}, std::int64_t{2}}));
  };
  EXPECT_EQ(judge("1", "1", "2", "2"), "pass");
  EXPECT_EQ(judge("2", "1", "4", "2"), "pass");
  EXPECT_EQ(judge("0", "1", "2", "2"), "fail");
  EXPECT_EQ(judge("1", "0", "2", "2"), "fail");
  EXPECT_EQ(judge("1", "1", "-1", "2"), "fail");
  EXPECT_EQ(judge("1", "1", "2", "1"), "fail");
  EXPECT_EQ(judge("1", "1", kAbsent, "2"), "pass");
  EXPECT_EQ(judge("1", "1", kDenied, "2"), "unknown");
  EXPECT_EQ(judge("0", "1", kDenied, "2"), "fail");
  EXPECT_EQ(judge(kAbsent, kAbsent, kAbsent, kAbsent), "n/a");
}

TEST(PtraceRestricted, FailsWithoutYama) {
  const auto judge = [](Fact<std::string> scope) {
    return WithSettings("HST-004", {{"kernel/yama/ptrace_scope", std::move(scope)}},
                        Of({std::int64_t{1}}));
  };
  EXPECT_EQ(judge("1"), "pass");
  EXPECT_EQ(judge("0"), "fail");
  EXPECT_EQ(judge(kAbsent), "fail");
  EXPECT_EQ(judge(kDenied), "unknown");
}

// ---- HST-005 ----

std::string CoreDumps(Fact<std::string> pattern, Fact<std::string> dumpable,
                      void (*bend)(LimitScene&) = nullptr) {
  LimitScene scene;
  scene.SetSysctl("kernel/core_pattern", std::move(pattern));
  scene.SetSysctl("fs/suid_dumpable", std::move(dumpable));
  scene.snapshot.host.core_program = HostPath{.path = "/lib/coredump", .mode = 0755};
  if (bend != nullptr) bend(scene);
  return Host("HST-005", scene, Of({Strings({"/lib/coredump"}), std::vector<std::int64_t>{0}}));
}

TEST(CoreDumpsSafe, TrustsOnlyTheListedHelpers) {
  EXPECT_EQ(CoreDumps("core", "0"), "pass");
  EXPECT_EQ(CoreDumps("", "0"), "pass");
  EXPECT_EQ(CoreDumps("|/lib/coredump %P %u", "0"), "pass");
  EXPECT_EQ(CoreDumps("| /lib/coredump %P", "0"), "pass");
  EXPECT_EQ(CoreDumps("|/tmp/evil", "0"), "fail");
  EXPECT_EQ(CoreDumps("|", "0"), "fail");
  EXPECT_EQ(CoreDumps("@/lib/coredump", "0"), "pass");
  EXPECT_EQ(CoreDumps("@@/run/evil.sock", "0"), "fail");
  EXPECT_EQ(CoreDumps(kDenied, "0"), "unknown");
}

TEST(CoreDumpsSafe, LooksAtWhoCanChangeTheHelper) {
  constexpr std::string_view kPipe = "|/lib/coredump";
  const auto judge = [&](void (*bend)(LimitScene&)) {
    return CoreDumps(std::string(kPipe), "0", bend);
  };
  EXPECT_EQ(judge([](LimitScene& scene) { scene.snapshot.host.core_program->mode = 0775; }),
            "fail");
  EXPECT_EQ(judge([](LimitScene& scene) { scene.snapshot.host.core_program->uid = Uid{7}; }),
            "fail");
  EXPECT_EQ(judge([](LimitScene& scene) { scene.snapshot.host.core_program = kAbsent; }),
            "unknown");
}

TEST(CoreDumpsSafe, LetsSetUidProgramsDumpOnlyOutOfReach) {
  EXPECT_EQ(CoreDumps("core", "1"), "fail");
  EXPECT_EQ(CoreDumps("core", "2"), "fail");
  EXPECT_EQ(CoreDumps("/var/cores/%p", "2"), "pass");
  EXPECT_EQ(CoreDumps("|/lib/coredump", "2"), "pass");
  EXPECT_EQ(CoreDumps("|/lib/coredump", "1"), "fail");
  EXPECT_EQ(CoreDumps("core", kDenied), "unknown");
  EXPECT_EQ(CoreDumps("|/tmp/evil", kDenied), "fail");
}

// ---- HST-007 ----

struct Loading {
  Fact<std::string> lockdown = "none";
  Fact<std::string> modules_disabled = "0";
  Fact<bool> signatures = false;
  Fact<std::string> kexec_disabled = "0";
};

std::string Loadable(const Loading& loading, bool require_lockdown = false) {
  LimitScene scene;
  scene.snapshot.host.lsm = std::vector<std::string>{"capability", "lockdown"};
  scene.snapshot.host.lockdown = loading.lockdown;
  scene.snapshot.host.module_signatures_enforced = loading.signatures;
  scene.SetSysctl("kernel/modules_disabled", loading.modules_disabled);
  scene.SetSysctl("kernel/kexec_load_disabled", loading.kexec_disabled);
  return Host("HST-007", scene, Of({require_lockdown}));
}

TEST(KernelCodeClosed, TakesLockdownOrBothSwitches) {
  EXPECT_EQ(Loadable({}), "fail");
  EXPECT_EQ(Loadable({.lockdown = "integrity"}), "pass");
  EXPECT_EQ(Loadable({.lockdown = "confidentiality"}), "pass");
  EXPECT_EQ(Loadable({.modules_disabled = "1", .kexec_disabled = "1"}), "pass");
  EXPECT_EQ(Loadable({.signatures = true, .kexec_disabled = "1"}), "pass");
  EXPECT_EQ(Loadable({.modules_disabled = "1"}), "fail");
  EXPECT_EQ(Loadable({.kexec_disabled = "1"}), "fail");
  EXPECT_EQ(Loadable({.modules_disabled = kAbsent, .kexec_disabled = kAbsent}), "pass");
  EXPECT_EQ(Loadable({.lockdown = kAbsent}), "unknown");
  EXPECT_EQ(Loadable({.lockdown = kAbsent, .modules_disabled = "1", .kexec_disabled = "1"}),
            "pass");
  EXPECT_EQ(Loadable({.modules_disabled = "1", .kexec_disabled = kDenied}), "unknown");
  EXPECT_EQ(Loadable({.modules_disabled = "1", .kexec_disabled = "1"}, true), "fail");
  EXPECT_EQ(Loadable({.lockdown = "integrity"}, true), "pass");
}

TEST(KernelCodeClosed, KnowsAKernelWithoutLockdown) {
  LimitScene scene;
  scene.snapshot.host.lockdown = kAbsent;
  scene.SetSysctl("kernel/modules_disabled", "0");
  scene.SetSysctl("kernel/kexec_load_disabled", "0");
  scene.snapshot.host.module_signatures_enforced = kAbsent;
  scene.snapshot.host.lsm = std::vector<std::string>{"capability"};
  EXPECT_EQ(Host("HST-007", scene, Of({false})), "fail");
}

// ---- HST-010 and HST-013 ----

std::string AccessControl(void (*bend)(LimitScene&)) {
  LimitScene scene;
  auto& host = scene.snapshot.host;
  host.lsm = std::vector<std::string>{"capability"};
  host.apparmor_enabled = kAbsent;
  host.apparmor_enforced_profiles = kAbsent;
  host.selinux_enforcing = kAbsent;
  bend(scene);
  return Host("HST-010", scene, Of({Strings({"apparmor", "selinux", "smack"})}));
}

TEST(AccessControlActive, NeedsAModuleThatEnforces) {
  EXPECT_EQ(AccessControl([](LimitScene&) {}), "fail");
  EXPECT_EQ(AccessControl([](LimitScene& scene) {
              scene.snapshot.host.apparmor_enabled = true;
              scene.snapshot.host.apparmor_enforced_profiles = 3U;
            }),
            "pass");
  EXPECT_EQ(AccessControl([](LimitScene& scene) {
              scene.snapshot.host.apparmor_enabled = true;
              scene.snapshot.host.apparmor_enforced_profiles = 0U;
            }),
            "fail");
  EXPECT_EQ(AccessControl([](LimitScene& scene) {
              scene.snapshot.host.apparmor_enabled = true;
              scene.snapshot.host.apparmor_enforced_profiles = kDenied;
            }),
            "unknown");
  EXPECT_EQ(AccessControl([](LimitScene& scene) { scene.snapshot.host.selinux_enforcing = true; }),
            "pass");
  EXPECT_EQ(AccessControl([](LimitScene& scene) { scene.snapshot.host.selinux_enforcing = false; }),
            "fail");
  EXPECT_EQ(
      AccessControl([](LimitScene& scene) { scene.snapshot.host.lsm->emplace_back("smack"); }),
      "pass");
  // Without securityfs the modules' own switches decide.
  EXPECT_EQ(AccessControl([](LimitScene& scene) { scene.snapshot.host.lsm = kAbsent; }), "fail");
  EXPECT_EQ(AccessControl([](LimitScene& scene) {
              scene.snapshot.host.lsm = kAbsent;
              scene.snapshot.host.selinux_enforcing = kDenied;
            }),
            "unknown");
}

TEST(CgroupsUnified, TakesNothingElse) {
  const auto judge = [](Fact<CgroupLayout> layout) {
    LimitScene scene;
    scene.snapshot.host.cgroup_layout = layout;
    return Host("HST-013", scene);
  };
  EXPECT_EQ(judge(CgroupLayout::kV2), "pass");
  EXPECT_EQ(judge(CgroupLayout::kHybrid), "fail");
  EXPECT_EQ(judge(CgroupLayout::kV1), "fail");
  EXPECT_EQ(judge(kDenied), "unknown");
}

// ---- HST-015 ----

// Two kinds of namespaces, the filters, two controllers, the version: six things.
std::string Features(void (*bend)(LimitScene&)) {
  LimitScene scene;
  for (auto& each : scene.snapshot.host.controllers) each = true;
  bend(scene);
  return Host("HST-015", scene,
              Of({Strings({"4.18"}), Strings({"mnt", "user"}), Strings({"memory", "io"})}));
}

TEST(IsolationFeaturesPresent, ChargesByTheShareThatIsMissing) {
  EXPECT_EQ(Features([](LimitScene&) {}), "pass");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.namespace_kinds = 0x01; }),
            "fail *166");
  EXPECT_EQ(Features([](LimitScene& scene) {
              for (auto& each : scene.snapshot.host.controllers) each = false;
            }),
            "fail *333");
  EXPECT_EQ(
      Features([](LimitScene& scene) { scene.snapshot.host.seccomp_filter_available = false; }),
      "fail *166");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.kernel = "3.10.0-1160"; }),
            "fail *166");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.kernel = "4.9.0"; }), "fail *166");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.kernel = "4.18.0-el8"; }), "pass");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.kernel = "x"; }), "unknown");
  EXPECT_EQ(Features([](LimitScene& scene) { scene.snapshot.host.namespace_kinds = 0; }),
            "unknown");
  // What could not be told weighs like what is missing.
  EXPECT_EQ(Features([](LimitScene& scene) {
              scene.snapshot.host.seccomp_filter_available = kDenied;
              scene.snapshot.host.kernel = "4.9.0";
            }),
            "fail *333");
}

TEST(IsolationFeaturesPresent, NamesWhatIsMissing) {
  LimitScene scene;
  for (auto& each : scene.snapshot.host.controllers) each = true;
  scene.snapshot.host.namespace_kinds = 0x01;
  EXPECT_EQ(Proof(HostChecks(), "HST-015", scene,
                  Of({Strings({"4.18"}), Strings({"mnt", "user"}), Strings({"memory"})})),
            std::vector<std::string>{": no namespaces of kind user"});
}

TEST(KernelVersion, IsReadFromTheRelease) {
  EXPECT_EQ(ParseKernelVersion("6.1.0-21-amd64"), (KernelVersion{.major = 6, .minor = 1}));
  EXPECT_EQ(ParseKernelVersion("5.16-rc1"), (KernelVersion{.major = 5, .minor = 16}));
  for (const std::string_view bad : {"", "6", "6.", "x.y", ".1"}) {
    EXPECT_EQ(ParseKernelVersion(bad), std::nullopt) << bad;
  }
  EXPECT_LT((KernelVersion{.major = 4, .minor = 18}), (KernelVersion{.major = 5, .minor = 4}));
}

}  // namespace
}  // namespace hullmark::testing
