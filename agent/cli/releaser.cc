// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/releaser.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "agent/base/file.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/confine/privileges.h"
#include "agent/daemon/child.h"
#include "agent/enforce/release.h"

namespace hullmark {
namespace {

// It writes to files that it is handed open, which takes no right at all.
Exit Hold() {
  prctl(PR_SET_NAME, "hullmark-rel");
  close_range(kChannelFd + 1, ~0U, 0);
  const auto dropped = DropPrivileges("hullmark");
  if (!dropped) return Complain(dropped.error(), Exit::kUsage);
  if (chdir("/") != 0) return Exit::kUsage;
  HoldUntilClosed(Fd(kChannelFd));
  return Exit::kDone;
}

}  // namespace

std::function<Exit()> SetupReleaser(CLI::App& /*app*/, const GlobalOptions& /*global*/,
                                    const Wiring& /*wiring*/) {
  return Hold;
}

}  // namespace hullmark
