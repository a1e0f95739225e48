// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/complain.h"

#include <cstdio>
#include <string>

#include "agent/cli/command.h"
#include "agent/encode/text.h"
#include "hullmark/result.h"

namespace hullmark {

Exit Complain(const Error& error, Exit exit) {
  std::fprintf(stderr, "hullmark: %s\n", Printable(error.message).c_str());
  return exit;
}

}  // namespace hullmark
