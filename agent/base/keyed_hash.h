// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace hullmark {

struct HashKey {
  std::uint64_t first = 0, second = 0;
};

// One that nobody can know.
HashKey RandomKey();

// SipHash-1-3 (Aumasson, Bernstein) of numbers and texts one after the other: who does not know the
// key cannot find two sequences of one hash. The reader of the sequence must know what comes next:
// a text brings its length, a number does not.
class KeyedHash {
 public:
  explicit KeyedHash(HashKey key)
      : state_{.a = key.first ^ 0x736f6d6570736575U,
               .b = key.second ^ 0x646f72616e646f6dU,
               .c = key.first ^ 0x6c7967656e657261U,
               .d = key.second ^ 0x7465646279746573U} {}

  // The lowest `bytes` bytes of `value`, 1 to 8 of them; the others are 0.
  void Add(std::uint64_t value, unsigned bytes = 8);
  void Add(std::string_view text);

  std::uint64_t Finish() const;

 private:
  struct State {
    std::uint64_t a, b, c, d;
    void Round();
    void Take(std::uint64_t word);
  };

  State state_;
  std::uint64_t pending_ = 0;  // The bytes that do not fill a word yet, the first lowest.
  unsigned pending_bytes_ = 0;
  std::uint64_t length_ = 0;
};

inline void KeyedHash::State::Round() {
  const auto turn = [](std::uint64_t value, unsigned by) {
    return value << by | value >> (64 - by);
  };
  a += b;
  c += d;
  b = turn(b, 13) ^ a;
  d = turn(d, 16) ^ c;
  a = turn(a, 32);
  c += b;
  a += d;
  b = turn(b, 17) ^ c;
  d = turn(d, 21) ^ a;
  c = turn(c, 32);
}

inline void KeyedHash::State::Take(std::uint64_t word) {
  d ^= word;
  Round();
  a ^= word;
}

inline void KeyedHash::Add(std::uint64_t value, unsigned bytes) {
  const unsigned at = pending_bytes_ * 8;
  pending_ |= value << at;
  pending_bytes_ += bytes;
  length_ += bytes;
  if (pending_bytes_ < 8) return;
  state_.Take(pending_);
  pending_bytes_ -= 8;
  pending_ = at == 0 || pending_bytes_ == 0 ? 0 : value >> (64 - at);
}

inline std::uint64_t KeyedHash::Finish() const {
  State state = state_;
  state.Take(pending_ | length_ << 56);
  state.c ^= 0xff;
  for (int round = 0; round < 3; ++round) state.Round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace hullmark
