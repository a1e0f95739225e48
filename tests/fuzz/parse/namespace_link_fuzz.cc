// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/parse/namespace_link.h"
#include "hullmark/ids.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// A link is of one kind at most, and its number prints to a link that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  int kinds = 0;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const NamespaceKind kind{static_cast<std::uint8_t>(at)};
    const auto inode = ParseNamespaceLink(text, kind);
    Require(Honest(inode));
    if (!inode) continue;
    ++kinds;
    const auto link = std::string(kNamespaceNames.at(at)) + ":[" +
                      std::to_string(std::to_underlying(*inode)) + "]";
    Require(ParseNamespaceLink(link, kind) == *inode);
  }
  Require(kinds <= 1);
  return 0;
}
