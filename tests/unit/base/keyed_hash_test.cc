// SPDX-License-Identifier: Apache-2.0
#include "agent/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace hullmark {
namespace {

// The bytes 1, 2, 3 ... `count`, in pieces of `piece` bytes.
std::uint64_t HashOfBytes(unsigned count, unsigned piece) {
  KeyedHash hash({});
  for (unsigned at = 0; at < count;) {
    std::uint64_t value = 0;
    unsigned bytes = 0;
    for (; bytes < piece && at < count; ++bytes) value |= std::uint64_t{++at} << 8 * bytes;
    hash.Add(value, bytes);
  }
  return hash.Finish();
}

// The hashes of CPython 3.11, which are SipHash-1-3, with PYTHONHASHSEED=0.
TEST(KeyedHash, IsSipHash) {
  for (const unsigned piece : {1U, 2U, 3U, 5U, 8U}) {
    EXPECT_EQ(HashOfBytes(1, piece), 0x44bc103b1f8540edU);
    EXPECT_EQ(HashOfBytes(7, piece), 0xb1cd85cc334196faU);
    EXPECT_EQ(HashOfBytes(8, piece), 0x884ccc87cb0e5fb0U);
    EXPECT_EQ(HashOfBytes(13, piece), 0x7d687c47a4c316a7U);
    EXPECT_EQ(HashOfBytes(24, piece), 0x7b5ea8edf9b7c0b3U);
  }
}

std::uint64_t HashOfTexts(std::string_view a, std::string_view b, HashKey key = {}) {
  KeyedHash hash(key);
  hash.Add(a);
  hash.Add(b);
  return hash.Finish();
}

TEST(KeyedHash, TextsKeepTheirBounds) {
  EXPECT_NE(HashOfTexts("ab", "c"), HashOfTexts("a", "bc"));
  EXPECT_NE(HashOfTexts("", "x"), HashOfTexts("x", ""));
  EXPECT_EQ(HashOfTexts("a longer text", "c"), HashOfTexts("a longer text", "c"));
  EXPECT_NE(HashOfTexts("a longer text", "c"), HashOfTexts("a longer texu", "c"));
}

TEST(KeyedHash, DependsOnBothHalvesOfTheKey) {
  EXPECT_NE(HashOfTexts("a", "b", {.first = 1}), HashOfTexts("a", "b"));
  EXPECT_NE(HashOfTexts("a", "b", {.second = 1}), HashOfTexts("a", "b"));
}

}  // namespace
}  // namespace hullmark
