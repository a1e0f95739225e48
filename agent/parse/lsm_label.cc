// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/lsm_label.h"

#include <string_view>

namespace hullmark {

std::string_view TrimLabel(std::string_view text) {
  if (text.ends_with('\n') || text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

}  // namespace hullmark
