// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/gateway.h"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <climits>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/confine/privileges.h"
#include "agent/confine/syscall_filter.h"
#include "agent/gateway/answer.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kUser = "hullmark";

struct GatewayFlags {
  int fd = -1;
  std::vector<std::string> listen;
  std::string api = "loopback";
};

ApiRule RuleOfName(const std::string& name) {
  if (name == "authenticated") return ApiRule::kAuthenticated;
  return name == "off" ? ApiRule::kOff : ApiRule::kLoopback;
}

Result<void> Confine() {
  if (chdir("/") != 0) return Fail(ErrorCode::kIo, "/: cannot be entered");
  const auto dropped = DropPrivileges(kUser);
  if (!dropped) return std::unexpected(dropped.error());
  if (!dropped->empty()) spdlog::warn("{}", *dropped);
  const auto forgone = ForgoFileSystem();
  if (!forgone) return std::unexpected(forgone.error());
  return FilterGatewaySyscalls();
}

// What an agent was started with is no business of the gateway's: it keeps 0 to 2 and the channel.
void CloseOthers(int channel) {
  const auto number = static_cast<unsigned>(channel);
  if (number > STDERR_FILENO + 1) close_range(STDERR_FILENO + 1, number - 1, 0);
  close_range(number + 1, ~0U, 0);
}

Exit Serve(const GatewayFlags& flags) {
  CloseOthers(flags.fd);
  prctl(PR_SET_NAME, "hullmark-gw");  // ps(1) tells it from the inspector.
  const auto served =
      RunGateway({.server = {.listen = flags.listen, .api = RuleOfName(flags.api)},
                  .channel = Fd(flags.fd),
                  .confine = Confine,
                  .listening =
                      [](const std::vector<std::string>& addresses) {
                        for (const std::string& address : addresses)
                          spdlog::info("listening on {}", address);
                      },
                  .warn = [](const std::string& message) { spdlog::warn("{}", message); }});
  return served ? Exit::kDone : Complain(served.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupGateway(CLI::App& app, const GlobalOptions& /*global*/,
                                   const Wiring& /*wiring*/) {
  const auto flags = std::make_shared<GatewayFlags>();
  app.add_option("--fd", flags->fd, "The channel to the inspector")
      ->required()
      ->check(CLI::Range(STDERR_FILENO + 1, INT_MAX - 1));
  app.add_option("--listen", flags->listen, "Address")->required()->allow_extra_args(false);
  app.add_option("--api", flags->api, "Who gets the API")
      ->check(CLI::IsMember({"loopback", "authenticated", "off"}));
  return [flags] { return Serve(*flags); };
}

}  // namespace hullmark
