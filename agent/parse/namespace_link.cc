// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/namespace_link.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "agent/parse/cut.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Fact<NamespaceInode> ParseNamespaceLink(std::string_view link, NamespaceKind kind) {
  if (Cut(link, ':') != kNamespaceNames.at(std::to_underlying(kind))) return Malformed();
  if (!link.starts_with('[') || !link.ends_with(']')) return Malformed();
  const auto inode = NumberOf<std::uint32_t>(link.substr(1, link.size() - 2));
  if (!inode) return Malformed();
  return NamespaceInode{*inode};
}

}  // namespace hullmark
