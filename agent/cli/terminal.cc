// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/cli/output.h"

namespace hullmark {

bool UseColor(const std::string& color, const std::string& output) {
  if (color != "auto") return color == "always";
  const char* const terminal = std::getenv("TERM");
  return IsStandardOutput(output) && isatty(STDOUT_FILENO) == 1 &&
         std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

int TerminalColumns() {
  constexpr int kDefault = 80;
  constexpr int kMost = 120;  // Longer lines are hard to read, whatever the window.
  winsize size = {};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return kDefault;
  return size.ws_col == 0 ? kDefault : std::clamp<int>(size.ws_col, 40, kMost);
}

}  // namespace hullmark
