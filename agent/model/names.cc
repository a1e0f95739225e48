// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/limits.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Names in the order of the enumerators.
constexpr std::array<std::string_view, 19> kRuntimes = {
    "unknown", "docker",   "podman",     "containerd", "cri-o",   "runc",     "crun",
    "lxc",     "nspawn",   "bubblewrap", "unshare",    "systemd", "rootless", "kata",
    "gvisor",  "buildkit", "nomad",      "garden",     "ecs"};
constexpr std::array<std::string_view, 5> kClasses = {"container", "pause", "sandbox", "service",
                                                      "vm"};
constexpr std::array<std::string_view, 3> kLayouts = {"v1", "v2", "hybrid"};
constexpr std::array<std::string_view, kSeverities> kSeverityNames = {"info", "low", "medium",
                                                                      "high", "critical"};
constexpr std::array<std::string_view, 3> kScopes = {"process", "container", "host"};
constexpr std::array<std::string_view, 13> kParamTypes = {"bool",
                                                          "integer",
                                                          "fraction",
                                                          "list of capabilities",
                                                          "list of strings",
                                                          "list of versions",
                                                          "list of integers",
                                                          "list of patterns",
                                                          "list of mount rules",
                                                          "list of devices",
                                                          "severity",
                                                          "list of groups of calls",
                                                          "list of families of calls"};
constexpr std::array<std::string_view, kStatuses> kStatusNames = {
    "pass", "fail", "unknown", "not_applicable", "waived", "manual"};
constexpr std::array<std::string_view, kWaiverStates> kWaiverStateNames = {"active", "expiring",
                                                                           "expired", "unused"};
constexpr std::array<std::string_view, kGrades> kGradeNames = {"A", "B", "C", "D", "F"};
constexpr std::array<std::string_view, kEventKinds> kEventNames = {
    "container_appeared", "container_gone",  "violation_appeared", "violation_resolved",
    "violation_changed",  "control_unknown", "grade_changed",      "action"};

template <typename Enum, std::size_t Size>
std::string_view At(const std::array<std::string_view, Size>& names, Enum value) {
  return names[static_cast<std::size_t>(std::to_underlying(value))];
}

template <typename Enum, std::size_t Size>
std::optional<Enum> Find(const std::array<std::string_view, Size>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view NameOf(Runtime runtime) { return At(kRuntimes, runtime); }
std::string_view NameOf(TaskSource source) {
  switch (source) {
    case TaskSource::kProc:
      return "proc";
    case TaskSource::kBpf:
      return "bpf";
  }
  return "proc";
}

std::string_view NameOf(ContainerClass container_class) { return At(kClasses, container_class); }
std::string_view NameOf(CgroupLayout layout) { return At(kLayouts, layout); }
std::string_view NameOf(Controller controller) { return At(kControllerNames, controller); }
std::string_view NameOf(Severity severity) { return At(kSeverityNames, severity); }
std::string_view NameOf(Scope scope) { return At(kScopes, scope); }
std::string_view NameOf(ParamType type) { return At(kParamTypes, type); }
std::string_view NameOf(Status status) { return At(kStatusNames, status); }
std::string_view NameOf(WaiverState state) { return At(kWaiverStateNames, state); }
std::string_view NameOf(Grade grade) { return At(kGradeNames, grade); }
std::string_view NameOf(EventKind kind) { return At(kEventNames, kind); }

std::optional<Runtime> RuntimeOfName(std::string_view name) {
  return Find<Runtime>(kRuntimes, name);
}
std::optional<ContainerClass> ContainerClassOfName(std::string_view name) {
  return Find<ContainerClass>(kClasses, name);
}
std::optional<Severity> SeverityOfName(std::string_view name) {
  return Find<Severity>(kSeverityNames, name);
}
std::optional<Grade> GradeOfName(std::string_view name) { return Find<Grade>(kGradeNames, name); }

}  // namespace hullmark
