// SPDX-License-Identifier: Apache-2.0
#include "hullmark/policy.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "hullmark/action.h"
#include "hullmark/event.h"
#include "hullmark/ids.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, 3> kModes = {"off", "dry_run", "enforce"};
constexpr std::array<std::string_view, kActionKinds> kKinds = {
    "notify", "throttle", "freeze", "kill_process", "kill", "kill_at_exec", "hook"};
constexpr std::array<std::string_view, kActionResults> kResults = {"done", "aborted", "failed"};

template <typename Enum, std::size_t kCount>
std::optional<Enum> Find(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view NameOf(EnforceMode mode) { return kModes.at(std::to_underlying(mode)); }
std::string_view NameOf(ActionKind kind) { return kKinds.at(std::to_underlying(kind)); }
std::string_view NameOf(ActionResult result) { return kResults.at(std::to_underlying(result)); }

Event EventOf(const Action& action, const ActionOutcome& outcome, Timestamp at) {
  const ActionTarget& target = action.target;
  return {.at = at,
          .kind = EventKind::kAction,
          .container_id = target.life.id,
          .name = target.name,
          .name_space = target.name_space,
          .pod = target.pod,
          .image = target.image,
          .runtime = target.runtime,
          .container_class = target.container_class,
          .control = action.control,
          .severity = action.severity,
          .action = EventAction{.rule = action.rule,
                                .kind = action.step.kind,
                                .dry_run = action.dry_run,
                                .outcome = outcome},
          .evidence = action.evidence};
}

std::optional<ActionKind> ActionKindOfName(std::string_view name) {
  return Find<ActionKind>(kKinds, name);
}
std::optional<ActionResult> ActionResultOfName(std::string_view name) {
  return Find<ActionResult>(kResults, name);
}

}  // namespace hullmark
