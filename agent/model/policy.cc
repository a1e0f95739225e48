// SPDX-License-Identifier: Apache-2.0
#include "hullmark/policy.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "hullmark/action.h"

namespace hullmark {
namespace {

constexpr std::array<std::string_view, 3> kModes = {"off", "dry_run", "enforce"};
constexpr std::array<std::string_view, kActionKinds> kKinds = {"notify", "throttle", "freeze",
                                                               "kill_process", "kill"};
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

std::optional<ActionKind> ActionKindOfName(std::string_view name) {
  return Find<ActionKind>(kKinds, name);
}
std::optional<ActionResult> ActionResultOfName(std::string_view name) {
  return Find<ActionResult>(kResults, name);
}

}  // namespace hullmark
