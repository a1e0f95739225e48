// SPDX-License-Identifier: Apache-2.0
#include "checks/labels.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kUnconfined = "unconfined";
constexpr std::string_view kStackSeparator = "//&";

std::optional<int> AppArmorTightness(std::string_view text) {
  const std::optional<AppArmorLabel> label = ParseAppArmor(text);
  if (!label) return std::nullopt;
  std::string_view rest = label->profiles;
  bool confined = false;
  while (!rest.empty()) confined |= IsConfined(NextProfile(rest));
  if (!confined || label->mode == kUnconfined) return 0;
  return label->mode == "enforce" || label->mode == "kill" ? 2 : 1;
}

// Types that policies leave without restrictions.
std::optional<int> SelinuxTightness(std::string_view context) {
  constexpr std::string_view kLoose[] = {"spc_t", "unconfined_t", "unconfined_service_t", "init_t",
                                         "kernel_t"};
  const std::optional<std::string_view> type = SelinuxType(context);
  if (!type) return std::nullopt;
  return std::ranges::find(kLoose, *type) != std::end(kLoose) ? 0 : 2;
}

}  // namespace

std::optional<AppArmorLabel> ParseAppArmor(std::string_view text) {
  if (text == kUnconfined) return AppArmorLabel{.profiles = text, .mode = text};
  const std::size_t open = text.rfind(" (");
  if (open == std::string_view::npos || open == 0 || !text.ends_with(')')) return std::nullopt;
  const std::string_view mode = text.substr(open + 2, text.size() - open - 3);
  if (mode.empty()) return std::nullopt;
  return AppArmorLabel{.profiles = text.substr(0, open), .mode = mode};
}

std::string_view NextProfile(std::string_view& profiles) {
  const std::size_t end = profiles.find(kStackSeparator);
  const std::string_view first = profiles.substr(0, end);
  profiles = end == std::string_view::npos ? std::string_view()
                                           : profiles.substr(end + kStackSeparator.size());
  return first;
}

bool IsConfined(std::string_view profile) {
  if (profile.starts_with(':')) {  // ":namespace:profile" or ":namespace://profile"
    const std::size_t end = profile.find(':', 1);
    if (end == std::string_view::npos) return false;
    profile.remove_prefix(end + 1);
    if (profile.starts_with("//")) profile.remove_prefix(2);
  }
  return !profile.empty() && profile != kUnconfined;
}

std::optional<std::string_view> SelinuxType(std::string_view context) {
  for (int field = 0; field < 2; ++field) {
    const std::size_t colon = context.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    context.remove_prefix(colon + 1);
  }
  const std::string_view type = context.substr(0, context.find(':'));
  if (type.empty()) return std::nullopt;
  return type;
}

std::optional<int> Tightness(const Snapshot& snapshot, const Label& label) {
  const std::string_view text = snapshot.Text(label.text);
  switch (label.module) {
    case Label::Module::kAppArmor:
      return AppArmorTightness(text);
    case Label::Module::kSelinux:
      return SelinuxTightness(text);
    case Label::Module::kOther:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace hullmark
