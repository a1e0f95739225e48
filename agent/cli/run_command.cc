// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <climits>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/hooks/runner.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// From a parent, or from systemd, which accepts an inspector for each instance of the unit: the
// socket is root's alone.
Result<void> RunFrom(int fd, bool child) {
  auto inspector = PacketSocket::Adopt(Fd(fd));
  if (!inspector) return std::unexpected(inspector.error());
  if (child) inspector->Expect(Pid{getppid()});
  return RunCommand(std::move(*inspector),
                    [](const std::string& message) { spdlog::warn("{}", message); });
}

}  // namespace

std::function<Exit()> SetupRunCommand(CLI::App& app, const GlobalOptions& /*global*/,
                                      const Wiring& /*wiring*/) {
  struct Flags {
    int fd = -1;
    bool accepted = false;
  };
  const auto flags = std::make_shared<Flags>();
  app.add_option("--fd", flags->fd, "The channel to the inspector")
      ->required()
      ->check(CLI::Range(STDERR_FILENO + 1, INT_MAX - 1));
  app.add_flag("--accepted", flags->accepted, "It comes from systemd's socket unit");
  return [flags] {
    prctl(PR_SET_NAME, "hullmark-run");
    const auto done = RunFrom(flags->fd, !flags->accepted);
    return done ? Exit::kDone : Complain(done.error(), Exit::kUsage);
  };
}

}  // namespace hullmark
