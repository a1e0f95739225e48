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
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/confine/privileges.h"
#include "agent/confine/syscall_filter.h"
#include "agent/daemon/service.h"
#include "agent/gateway/answer.h"
#include "agent/gateway/joinable.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kUser = "hullmark";

struct GatewayFlags {
  int fd = -1;
  bool activated = false;
  std::vector<std::string> listen;
  std::string api = "loopback";
  bool web = false;
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

// What an agent was started with is no business of the gateway's: it keeps 0 to 2 and one socket.
void CloseOthers(int kept) {
  const auto number = static_cast<unsigned>(kept);
  if (number > STDERR_FILENO + 1) close_range(STDERR_FILENO + 1, number - 1, 0);
  close_range(number + 1, ~0U, 0);
}

void SayListening(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) spdlog::info("listening on {}", address);
}

void Warn(const std::string& message) { spdlog::warn("{}", message); }

Result<void> ServeParent(const GatewayFlags& flags) {
  CloseOthers(flags.fd);
  return RunGateway(
      {.server = {.listen = flags.listen, .api = RuleOfName(flags.api), .web = flags.web},
       .channel = Fd(flags.fd),
       .confine = Confine,
       .listening = SayListening,
       .warn = Warn});
}

// As a unit of systemd's: its socket unit brings the inspectors.
Result<void> ServeWhoComes() {
  auto inspectors = TakePassedSocket();
  if (!inspectors) return std::unexpected(inspectors.error());
  CloseOthers(inspectors->get());
  const auto line = ServiceLine::Open();
  line.Say("READY=1");
  return RunJoinableGateway({.inspectors = std::move(*inspectors),
                             .confine = Confine,
                             .listening = SayListening,
                             .warn = Warn,
                             .alive = [&line] { line.Say("WATCHDOG=1"); }});
}

Exit Serve(const GatewayFlags& flags) {
  prctl(PR_SET_NAME, "hullmark-gw");  // ps(1) tells it from the inspector.
  const auto served = flags.activated ? ServeWhoComes() : ServeParent(flags);
  return served ? Exit::kDone : Complain(served.error(), Exit::kUsage);
}

}  // namespace

std::function<Exit()> SetupGateway(CLI::App& app, const GlobalOptions& /*global*/,
                                   const Wiring& /*wiring*/) {
  const auto flags = std::make_shared<GatewayFlags>();
  auto* const sources = app.add_option_group("inspector")->require_option(1);
  auto* const listen =
      app.add_option("--listen", flags->listen, "Address")->allow_extra_args(false);
  sources->add_option("--fd", flags->fd, "The channel to the inspector that started it")
      ->check(CLI::Range(STDERR_FILENO + 1, INT_MAX - 1))
      ->needs(listen);
  sources->add_flag("--activated", flags->activated, "Inspectors come by systemd's socket unit");
  app.add_flag("--web", flags->web, "Let nobody in before the web settings have come");
  app.add_option("--api", flags->api, "Who gets the API")
      ->check(CLI::IsMember({"loopback", "authenticated", "off"}));
  return [flags] { return Serve(*flags); };
}

}  // namespace hullmark
