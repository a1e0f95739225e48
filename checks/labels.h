// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "hullmark/snapshot.h"

namespace hullmark {

// An AppArmor label in its parts: "docker-default (enforce)", "unconfined", or a stack
// "a//&:ns:b (mixed)", see apparmor(7).
struct AppArmorLabel {
  std::string_view profiles;  // One, or several with "//&" between them.
  std::string_view mode;      // "enforce", "complain", "kill", "prompt", "mixed", "unconfined".
};

// nullopt: it ends in no mode and is not plain "unconfined". Profile names may hold spaces and
// parentheses, so the mode is the last " (word)".
std::optional<AppArmorLabel> ParseAppArmor(std::string_view text);

// The first profile of a stack, which is cut off its front; "" at the end.
std::string_view NextProfile(std::string_view& profiles);

// Whether a profile of a stack confines at all; "unconfined" of any policy namespace does not.
bool IsConfined(std::string_view profile);

// The type of an SELinux context "user:role:type:level"; the level may hold more colons.
// nullopt: fewer than three fields.
std::optional<std::string_view> SelinuxType(std::string_view context);

// How tightly a label holds: 0 not at all, 1 in name only (complaining), 2 enforced. To be compared
// within one module only. nullopt: malformed, or a module whose labels have no order.
std::optional<int> Tightness(const Snapshot& snapshot, const Label& label);

}  // namespace hullmark
