// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/descriptor_link.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/parse/cut.h"
#include "agent/parse/proc_cgroup.h"
#include "hullmark/facts.h"

namespace hullmark {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "/dev/tty", "/dev/ttyS0", "/dev/hvc0", "/dev/console", "/dev/pts/3".
bool IsTerminal(std::string_view path) {
  static constexpr auto kPrefixes =
      std::to_array<std::string_view>({"/dev/tty", "/dev/hvc", "/dev/console", "/dev/pts/"});
  return std::ranges::any_of(kPrefixes, [path](std::string_view prefix) {
    return path.starts_with(prefix) &&
           std::ranges::all_of(path.substr(prefix.size()), IsAlphanumeric);
  });
}

// The number in "socket:[17]".
std::optional<std::uint64_t> BracketedNumber(std::string_view link, std::string_view kind) {
  if (Cut(link, ':') != kind || !link.starts_with('[') || !link.ends_with(']')) return std::nullopt;
  return NumberOf<std::uint64_t>(link.substr(1, link.size() - 2));
}

}  // namespace

Descriptor ParseDescriptorLink(std::string_view link) {
  if (const auto inode = BracketedNumber(link, "socket")) {
    return {.kind = DescriptorKind::kSocket, .socket = *inode};
  }
  if (BracketedNumber(link, "pipe")) return {.kind = DescriptorKind::kPipe};
  if (link == "/dev/null") return {.kind = DescriptorKind::kNull};
  // A terminal is "(deleted)" once its other end has gone.
  if (IsTerminal(WithoutDeletedSuffix(link).value_or(link))) {
    return {.kind = DescriptorKind::kTerminal};
  }
  if (link.starts_with('/')) return {.kind = DescriptorKind::kFile};
  return {.kind = DescriptorKind::kOther};
}

}  // namespace hullmark
