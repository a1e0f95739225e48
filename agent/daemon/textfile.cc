// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/textfile.h"

#include <unistd.h>

#include <expected>
#include <string>
#include <string_view>

#include "agent/base/replace.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

Result<void> ReplaceTextfile(const std::string& directory, std::string_view metrics) {
  const auto place = OpenOwnDirectory(directory, Uid{geteuid()});
  if (!place) return std::unexpected(place.error());
  return ReplaceIn(*place, directory, "hullmark.prom", metrics);
}

}  // namespace hullmark
