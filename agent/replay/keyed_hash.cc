// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/keyed_hash.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hullmark {

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
