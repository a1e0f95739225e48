// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/keyed_hash.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hullmark {

KeyedHash::KeyedHash(HashKey key)
    : state_{.a = key.first ^ 0x736f6d6570736575U,
             .b = key.second ^ 0x646f72616e646f6dU,
             .c = key.first ^ 0x6c7967656e657261U,
             .d = key.second ^ 0x7465646279746573U} {}

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

std::uint64_t KeyedHash::Finish() const {
  State state = state_;
  state.Take(pending_ | length_ << 56);
  state.c ^= 0xff;
  for (int round = 0; round < 3; ++round) state.Round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace hullmark
