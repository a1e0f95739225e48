// SPDX-License-Identifier: Apache-2.0
#include "agent/base/keyed_hash.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace hullmark {

HashKey RandomKey() {
  std::random_device random;
  const auto half = [&random] { return std::uint64_t{random()} << 32 | random(); };
  return {.first = half(), .second = half()};
}

void KeyedHash::Add(std::string_view text) {
  constexpr std::size_t kWord = 8;
  Add(text.size());
  for (; text.size() >= kWord; text.remove_prefix(kWord)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), kWord);
    Add(word);
  }
  if (text.empty()) return;
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  Add(rest, static_cast<unsigned>(text.size()));
}

}  // namespace hullmark
