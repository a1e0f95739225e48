// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hullmark/ids.h"

namespace hullmark {

// Interned bytes: every distinct text once, however many records name it. Texts may be hostile and
// need not be UTF-8. Ids are dense, start at 0 and are handed out in order of first use; id 0 is
// "".
class StringTable {
 public:
  StringTable() { Intern(""); }
  StringTable(const StringTable&) = delete;  // The index points into the texts.
  StringTable& operator=(const StringTable&) = delete;
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): that of a deque allocates.
  StringTable(StringTable&&) = default;
  StringTable& operator=(StringTable&&) = default;
  ~StringTable() = default;

  StringId Intern(std::string_view text);
  std::string_view operator[](StringId id) const { return texts_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // A deque: views of texts stay valid while it grows and moves.
  std::unordered_map<std::string_view, StringId> ids_;
};

}  // namespace hullmark
