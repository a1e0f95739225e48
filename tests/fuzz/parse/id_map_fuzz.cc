// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/parse/id_map.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// Extents are ids, few, and print to a map that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto map = ParseIdMap(TextOf(bytes, size));
  Require(Honest(map));
  if (!map) return 0;
  Require(map->size() <= 340);
  for (const auto& [inside, outside, count] : *map) {
    Require(count > 0);
    Require(std::uint64_t{inside} + count <= 0xffff'ffff);
    Require(std::uint64_t{outside} + count <= 0xffff'ffff);
  }
  Require(ParseIdMap(PrintIdMap(*map)) == *map);
  return 0;
}
