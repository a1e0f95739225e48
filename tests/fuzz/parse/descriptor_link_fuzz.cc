// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/descriptor_link.h"
#include "hullmark/facts.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// Only sockets have an inode, files are paths, and nothing that has a link is closed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  const auto [kind, socket] = ParseDescriptorLink(text);
  Require(kind != DescriptorKind::kClosed);
  if (kind == DescriptorKind::kFile || kind == DescriptorKind::kTerminal) {
    Require(text.starts_with('/'));
  }
  if (kind != DescriptorKind::kSocket) {
    Require(socket == 0);
    return 0;
  }
  Require(ParseDescriptorLink("socket:[" + std::to_string(socket) + "]") ==
          Descriptor{.kind = kind, .socket = socket});
  return 0;
}
