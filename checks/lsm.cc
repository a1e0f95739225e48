// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/labels.h"
#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

// Labels come from below /proc/PID/attr, see apparmor(7) and selinux(8). A kernel that has both
// modules lets one of them label processes; what the other would say is "not applicable".

namespace hullmark {
namespace {

constexpr std::string_view kAppArmorFile = "attr/apparmor/current";
constexpr std::string_view kSelinuxFile = "attr/current";

// See apparmor_parser(8); a label that mixes profiles has the mode "mixed".
constexpr std::string_view kModes[] = {"enforce", "kill",  "complain",  "prompt",
                                       "user",    "mixed", "unconfined"};

constexpr ParamSpec kAppArmorParams[] = {{"accept_modes", ParamType::kStrings, kModes},
                                         {"accept_profiles", ParamType::kStrings}};
constexpr std::size_t kAcceptModes = 0;
constexpr std::size_t kAcceptProfiles = 1;

constexpr ParamSpec kSelinuxParams[] = {{"accept_types", ParamType::kStrings},
                                        {"reject_types", ParamType::kStrings}};
constexpr std::size_t kAcceptTypes = 0;
constexpr std::size_t kRejectTypes = 1;

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// Whether securityfs lists a module as active.
Fact<bool> IsListed(const Host& host, std::string_view module) {
  if (!host.lsm) return std::unexpected(host.lsm.error());
  return Contains(*host.lsm, module);
}

// The label of the task if `module` gave it; else the verdict for having none.
struct LabelOrVerdict {
  const Label* label = nullptr;
  Verdict verdict;
};

LabelOrVerdict LabelBy(Label::Module module, const TaskView& view, Fact<bool> active,
                       std::string_view file, EvidenceOut out) {
  constexpr std::string_view kAbsent = "this security module is not active";
  const Fact<LabelIndex>& index = view.task.label;
  if (active && !*active) return {.verdict = NotApplicable(kAbsent)};
  if (index && view.snapshot.At(*index).module == module) {
    return {.label = &view.snapshot.At(*index), .verdict = {}};
  }
  if (!index && index.error().code == ErrorCode::kUnsupported) {
    return {.verdict = NotApplicable("no security module labels processes")};
  }
  if (!index) return {.verdict = Unknown(out, file, index.error())};
  if (!active) return {.verdict = Unknown(out, "/sys/kernel/security/lsm", active.error())};
  return {.verdict = Unknown(out, file, "the label shown is another security module's")};
}

// Whether one profile of the stack confines and may do so.
bool HasAcceptedProfile(std::string_view profiles, const std::vector<std::string>& accepted) {
  while (!profiles.empty()) {
    const std::string_view profile = NextProfile(profiles);
    if (IsConfined(profile) && (accepted.empty() || Contains(accepted, profile))) return true;
  }
  return false;
}

Fact<bool> AppArmorActive(const Host& host) {
  return host.apparmor_enabled ? host.apparmor_enabled : IsListed(host, "apparmor");
}

Verdict AppArmorEnforced(const TaskView& view, const Params& params, EvidenceOut out) {
  const LabelOrVerdict found = LabelBy(Label::Module::kAppArmor, view,
                                       AppArmorActive(view.snapshot.host), kAppArmorFile, out);
  if (found.label == nullptr) return found.verdict;
  const std::string_view text = view.snapshot.Text(found.label->text);
  const std::optional<AppArmorLabel> label = ParseAppArmor(text);
  if (!label) {
    return Unknown(out, kAppArmorFile, "label has no mode");
  }
  if (Contains(params.Strings(kAcceptModes), label->mode) &&
      HasAcceptedProfile(label->profiles, params.Strings(kAcceptProfiles))) {
    return Pass();
  }
  return Fail(out, kAppArmorFile, [&] { return "label is " + Cut(text); });
}

// An enforcing flag that can be read proves the module as well as the list does.
Fact<bool> SelinuxActive(const Host& host) {
  if (host.selinux_enforcing) return true;
  return IsListed(host, "selinux");
}

Verdict SelinuxTypeEnforced(const TaskView& view, const Params& params, EvidenceOut out) {
  const Host& host = view.snapshot.host;
  const LabelOrVerdict found =
      LabelBy(Label::Module::kSelinux, view, SelinuxActive(host), kSelinuxFile, out);
  if (found.label == nullptr) return found.verdict;
  const std::string_view text = view.snapshot.Text(found.label->text);
  const std::optional<std::string_view> type = SelinuxType(text);
  if (!type) return Unknown(out, kSelinuxFile, "label has no type");
  if (Contains(params.Strings(kRejectTypes), *type) ||
      !Contains(params.Strings(kAcceptTypes), *type)) {
    return Fail(out, kSelinuxFile, [&] { return "label is " + Cut(text); });
  }
  const Fact<bool>& enforcing = host.selinux_enforcing;
  if (!enforcing) return Unknown(out, "/sys/fs/selinux/enforce", enforcing.error());
  if (!*enforcing) return Fail(out, "/sys/fs/selinux/enforce", "enforce is 0");
  return Pass("a domain made permissive does not show");
}

constexpr Check kChecks[] = {
    {.id = "LSM-001", .evaluate = AppArmorEnforced, .params = kAppArmorParams},
    {.id = "LSM-002", .evaluate = SelinuxTypeEnforced, .params = kSelinuxParams},
};

}  // namespace

std::span<const Check> LsmChecks() { return kChecks; }

}  // namespace hullmark
