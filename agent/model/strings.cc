// SPDX-License-Identifier: Apache-2.0
#include "hullmark/strings.h"

#include <cstdint>
#include <string_view>

#include "hullmark/ids.h"

namespace hullmark {

StringId StringTable::Intern(std::string_view text) {
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  const StringId id{static_cast<std::uint32_t>(texts_.size())};
  texts_.emplace_back(text);
  ids_.emplace(texts_.back(), id);
  return id;
}

}  // namespace hullmark
