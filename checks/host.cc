// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/core_dumps.h"
#include "checks/kernel_features.h"
#include "checks/kernel_settings.h"
#include "checks/table.h"
#include "checks/three_valued.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsAbsent(Fault fault) { return fault.code == ErrorCode::kNotFound; }

std::string ProcSys(std::string_view name) { return "/proc/sys/" + std::string(name); }

Verdict FailSysctl(EvidenceOut out, std::string_view name, std::int64_t value) {
  if (out != nullptr) Prove(out, ProcSys(name), "is " + std::to_string(value));
  return {.outcome = Outcome::kFail};
}

Verdict UnknownSysctl(EvidenceOut out, std::string_view name, Fault fault) {
  if (out == nullptr) return {.outcome = Outcome::kUnknown};
  return Unknown(out, ProcSys(name), fault);
}

// ---- HST-001 ----

constexpr ParamSpec kRootless[] = {{"rootless_host", ParamType::kBool}};

// A switch of unprivileged user namespaces and the value that closes them.
struct Switch {
  std::string_view name;
  std::int64_t closed;
};
constexpr std::array<Switch, 3> kUserNamespaceSwitches = {
    Switch{"kernel/unprivileged_userns_clone", 0},              // Debian and its children.
    Switch{"kernel/apparmor_restrict_unprivileged_userns", 1},  // Ubuntu, since 23.10.
    Switch{"user/max_user_namespaces", 0},
};

Verdict UserNamespacesRestricted(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Switch* open = nullptr;
  const Switch* unread = nullptr;
  for (const Switch& each : kUserNamespaceSwitches) {
    const Fact<std::int64_t> value = SysctlNumber(snapshot.host, each.name);
    if (value && *value == each.closed) return Pass();
    if (value) open = &each;
    if (!value && !IsAbsent(value.error())) unread = &each;
  }
  if (unread != nullptr) {
    return UnknownSysctl(out, unread->name, SysctlNumber(snapshot.host, unread->name).error());
  }
  if (open == nullptr) return NotApplicable("this kernel has no user namespaces");
  if (params.Bool(0)) return NotApplicable("rootless containers need user namespaces");
  return FailSysctl(out, open->name, *SysctlNumber(snapshot.host, open->name));
}

// ---- HST-002 ----

constexpr ParamSpec kBpf[] = {{"min_harden", ParamType::kInteger}};

Verdict BpfRestricted(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  constexpr Price kJitOnly = {.severity = Severity::kLow, .weight = 1};
  constexpr std::string_view kDisabled = "kernel/unprivileged_bpf_disabled";
  constexpr std::string_view kHarden = "net/core/bpf_jit_harden";
  const Fact<std::int64_t> disabled = SysctlNumber(snapshot.host, kDisabled);
  if (!disabled && IsAbsent(disabled.error())) return NotApplicable("this kernel has no bpf(2)");
  if (!disabled) return UnknownSysctl(out, kDisabled, disabled.error());
  if (*disabled != 1 && *disabled != 2) return FailSysctl(out, kDisabled, *disabled);
  const Fact<std::int64_t> harden = SysctlNumber(snapshot.host, kHarden);
  if (!harden && IsAbsent(harden.error())) return Pass("this kernel compiles no BPF programs");
  if (!harden) return UnknownSysctl(out, kHarden, harden.error());
  if (*harden >= params.Integer(0)) return Pass();
  Verdict verdict = FailSysctl(out, kHarden, *harden);
  verdict.price = kJitOnly;
  return verdict;
}

// ---- HST-003 ----

constexpr ParamSpec kAddresses[] = {
    {"kptr_min", ParamType::kInteger},
    {"paranoid_min", ParamType::kInteger},
};

struct Minimum {
  std::string_view name;
  std::int64_t least;
};

// Settings that must all have a least value; one that the kernel lacks does not count.
Verdict AtLeast(const Host& host, std::span<const Minimum> minima, EvidenceOut out) {
  const Minimum* unread = nullptr;
  bool any = false;
  for (const Minimum& each : minima) {
    const Fact<std::int64_t> value = SysctlNumber(host, each.name);
    if (value && *value < each.least) return FailSysctl(out, each.name, *value);
    if (value) any = true;
    if (!value && !IsAbsent(value.error())) unread = &each;
  }
  if (unread != nullptr) {
    return UnknownSysctl(out, unread->name, SysctlNumber(host, unread->name).error());
  }
  return any ? Pass() : NotApplicable("this kernel has none of these settings");
}

Verdict KernelAddressesHidden(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const std::array<Minimum, 4> minima = {
      Minimum{"kernel/kptr_restrict", params.Integer(0)},
      Minimum{"kernel/dmesg_restrict", 1},
      Minimum{"kernel/perf_event_paranoid", params.Integer(1)},
      Minimum{"kernel/randomize_va_space", 2},
  };
  return AtLeast(snapshot.host, minima, out);
}

// ---- HST-004 ----

constexpr ParamSpec kPtrace[] = {{"min", ParamType::kInteger}};

Verdict PtraceRestricted(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  constexpr std::string_view kScope = "kernel/yama/ptrace_scope";
  const Fact<std::int64_t> scope = SysctlNumber(snapshot.host, kScope);
  if (scope && *scope >= params.Integer(0)) return Pass();
  if (scope) return FailSysctl(out, kScope, *scope);
  if (!IsAbsent(scope.error())) return UnknownSysctl(out, kScope, scope.error());
  // Without Yama nothing restricts: the exposure is there, whatever the kernel lacks.
  return Fail(out, "/proc/sys/kernel/yama", "yama is not active");
}

// ---- HST-007 ----

constexpr ParamSpec kLockdown[] = {{"require_lockdown", ParamType::kBool}};

// Whether lockdown is on. Without a file the list of modules tells whether there is one.
Fact<bool> LockedDown(const Host& host) {
  if (host.lockdown) return *host.lockdown == "integrity" || *host.lockdown == "confidentiality";
  if (host.lsm && std::ranges::find(*host.lsm, "lockdown") == host.lsm->end()) return false;
  return std::unexpected(host.lockdown.error());
}

// Whether a one-way switch is thrown; a kernel without the file lacks what it switches off.
Fact<bool> SwitchedOff(const Host& host, std::string_view name) {
  const Fact<std::int64_t> value = SysctlNumber(host, name);
  if (value) return *value == 1;
  if (IsAbsent(value.error())) return true;
  return std::unexpected(value.error());
}

Verdict KernelCodeClosed(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Host& host = snapshot.host;
  const Fact<bool> locked = LockedDown(host);
  const Fact<bool> modules = Either(SwitchedOff(host, "kernel/modules_disabled"),
                                    FalseIfAbsent(host.module_signatures_enforced));
  const Fact<bool> kexec = SwitchedOff(host, "kernel/kexec_load_disabled");
  const Fact<bool> closed = params.Bool(0) ? locked : Either(locked, Both(modules, kexec));
  if (!closed) return Unknown(out, "", closed.error());
  if (*closed) return Pass();
  if (params.Bool(0)) return Fail(out, "/sys/kernel/security/lockdown", "lockdown is off");
  if (modules && !*modules) {
    return Fail(out, "/proc/sys/kernel/modules_disabled",
                "modules can be loaded, unsigned ones too");
  }
  return Fail(out, "/proc/sys/kernel/kexec_load_disabled", "another kernel can be loaded");
}

// ---- HST-010 ----

// Modules that confine by rules about who may do what to which object.
constexpr std::string_view kMandatory[] = {"apparmor", "selinux", "smack", "tomoyo"};
constexpr ParamSpec kModules[] = {{"accept", ParamType::kStrings, kMandatory}};

// Without securityfs the list of modules is not to be had; the modules' own switches decide then.
Fact<bool> IsActive(const Host& host, std::string_view module) {
  if (module == "apparmor") {
    const auto& profiles = host.apparmor_enforced_profiles;
    const Fact<bool> loaded =
        profiles ? Fact<bool>(*profiles > 0) : Fact<bool>(std::unexpected(profiles.error()));
    return Both(FalseIfAbsent(host.apparmor_enabled), loaded);
  }
  if (module == "selinux") return FalseIfAbsent(host.selinux_enforcing);
  return host.lsm && std::ranges::find(*host.lsm, module) != host.lsm->end();
}

Verdict AccessControlActive(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  Fact<bool> active = false;
  for (const std::string& module : params.Strings(0)) {
    active = Either(active, IsActive(snapshot.host, module));
  }
  if (!active) return Unknown(out, "/sys/kernel/security", active.error());
  if (*active) return Pass();
  return Fail(out, "/sys/kernel/security/lsm", "no mandatory access control module is active");
}

// ---- HST-013 ----

Verdict CgroupsUnified(const Snapshot& snapshot, const Params&, EvidenceOut out) {
  const Fact<CgroupLayout>& layout = snapshot.host.cgroup_layout;
  if (!layout) return Unknown(out, "/sys/fs/cgroup", layout.error());
  if (*layout == CgroupLayout::kV2) return Pass();
  return Fail(out, "/sys/fs/cgroup",
              [&] { return "the layout is " + std::string(NameOf(*layout)); });
}

constexpr Check kChecks[] = {
    {.id = "HST-001", .evaluate = UserNamespacesRestricted, .params = kRootless},
    {.id = "HST-002", .evaluate = BpfRestricted, .params = kBpf},
    {.id = "HST-003", .evaluate = KernelAddressesHidden, .params = kAddresses},
    {.id = "HST-004", .evaluate = PtraceRestricted, .params = kPtrace},
    {.id = "HST-005", .evaluate = CoreDumpsSafe, .params = kCoreDumpParams},
    {.id = "HST-007", .evaluate = KernelCodeClosed, .params = kLockdown},
    {.id = "HST-010", .evaluate = AccessControlActive, .params = kModules},
    {.id = "HST-013", .evaluate = CgroupsUnified, .params = {}},
    {.id = "HST-015", .evaluate = IsolationFeaturesPresent, .params = kFeatureParams},
};

}  // namespace

std::span<const Check> HostChecks() { return kChecks; }

}  // namespace hullmark
