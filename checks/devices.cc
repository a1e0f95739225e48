// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checks/limits_in_force.h"
#include "checks/privileged.h"
#include "checks/table.h"
#include "checks/three_valued.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr LimitFile kDeviceFile = {Controller::kDevices, "devices.list", "(device programs)"};

constexpr ParamSpec kParams[] = {
    {"deny_block", ParamType::kBool},
    {"allow", ParamType::kDevices},
};
constexpr std::size_t kDenyBlock = 0;
constexpr std::size_t kAllow = 1;

std::string ToText(const DeviceRule& rule) {
  const auto number = [](const std::optional<std::uint32_t>& part) {
    return part ? std::to_string(*part) : std::string("*");
  };
  return std::string(1, rule.type) + " " + number(rule.major) + ":" + number(rule.minor) + " " +
         (rule.read ? "r" : "") + (rule.write ? "w" : "") + (rule.make ? "m" : "");
}

// An entry of the benchmark without r, w or m stands for all of them.
bool Permits(const DeviceRule& allowed, const DeviceRule& rule) {
  if (allowed.type != 'a' && allowed.type != rule.type) return false;
  if (allowed.major && allowed.major != rule.major) return false;
  if (allowed.minor && allowed.minor != rule.minor) return false;
  const bool all = !allowed.read && !allowed.write && !allowed.make;
  return all || ((allowed.read || !rule.read) && (allowed.write || !rule.write));
}

// Making a node opens nothing: what counts is who may read and write one.
bool Harmless(const DeviceRule& rule, const Params& params) {
  if (!rule.read && !rule.write) return true;
  if (!rule.major) return false;
  if (rule.type == 'b' && !params.Bool(kDenyBlock)) return true;
  return std::ranges::any_of(params.Devices(kAllow),
                             [&](const DeviceRule& allowed) { return Permits(allowed, rule); });
}

Verdict RulesNarrow(const ContainerView& view, const Params& params, EvidenceOut out) {
  const auto& rules = view.container.limits.device_rules;
  for (const auto& rule : view.snapshot.device_lists[static_cast<std::size_t>(*rules.value)]) {
    if (Harmless(rule, params)) continue;
    return FailLimit(view, rules.source, kDeviceFile, out, ToText(rule));
  }
  return Pass();
}

// What a program allows is not read: one that is there may still allow everything, as privileged
// containers show.
Verdict ProgramAttached(const ContainerView& view, EvidenceOut out) {
  const auto& programs = view.container.limits.device_programs;
  if (*programs.value == 0) {
    return FailLimit(view, programs.source, kDeviceFile, out, "no device program is in force");
  }
  const Fact<bool> privileged = Both(HasAllCaps(view, true), SeccompOff(view));
  if (!privileged) return Unknown(out, "status", privileged.error());
  if (*privileged) {
    return Fail(out, "status", "all capabilities and no seccomp filter: a privileged container");
  }
  return Pass("a device program is in force; what it allows is not read");
}

Verdict DeviceAccessLimited(const ContainerView& view, const Params& params, EvidenceOut out) {
  const LimitsInForce& limits = view.container.limits;
  if (limits.device_rules.value) return RulesNarrow(view, params, out);
  if (limits.device_programs.value) return ProgramAttached(view, out);
  const Fact<CgroupVersion> version = VersionOf(view.snapshot, {}, Controller::kDevices);
  const bool v1 = version && *version == CgroupVersion::kV1;
  const Fault fault = v1 ? limits.device_rules.value.error() : limits.device_programs.value.error();
  return WithoutValue(view, kDeviceFile, out, fault);
}

constexpr Check kChecks[] = {
    {.id = "DEV-001", .evaluate = DeviceAccessLimited, .params = kParams},
};

}  // namespace

std::span<const Check> DeviceChecks() { return kChecks; }

}  // namespace hullmark
