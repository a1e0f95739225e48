// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/courier.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <climits>
#include <cstdint>
#include <expected>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/file.h"
#include "agent/base/packets.h"
#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/confine/privileges.h"
#include "agent/confine/syscall_filter.h"
#include "agent/daemon/service.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kUser = "hullmark";

struct CourierFlags {
  int fd = -1;
  bool activated = false;
};

Result<void> Confine() {
  if (chdir("/") != 0) return Fail(ErrorCode::kIo, "/: cannot be entered");
  const auto dropped = DropPrivileges(kUser);
  if (!dropped) return std::unexpected(dropped.error());
  if (!dropped->empty()) spdlog::warn("{}", *dropped);
  const auto forgone = ForgoFileSystem();
  if (!forgone) return std::unexpected(forgone.error());
  return FilterCourierSyscalls();
}

// /etc/hosts may be large, and is no secret.
std::string HostsText() {
  constexpr std::size_t kMost = std::size_t{4} << 20;
  std::string text(kMost, '\0');
  std::ifstream file("/etc/hosts", std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

void CloseOthers(int kept) {
  const auto number = static_cast<unsigned>(kept);
  if (number > STDERR_FILENO + 1) close_range(STDERR_FILENO + 1, number - 1, 0);
  close_range(number + 1, ~0U, 0);
}

void Warn(const std::string& message) { spdlog::warn("{}", message); }

Result<void> Carry(PacketSocket inspector, const Wiring& wiring, std::function<void()> alive) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // A name server that is silent is not to take the time of what comes after.
  setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);
  PrepareNames();
  return RunCourier({.inspector = std::move(inspector),
                     .hosts = HostsText(),
                     .agent = "hullmark/" + std::string(wiring.version),
                     .now = [&wiring] { return std::to_underlying(wiring.now()) / kSecond; },
                     .confine = Confine,
                     .warn = Warn,
                     .alive = std::move(alive)});
}

Result<void> CarryForParent(int fd, const Wiring& wiring) {
  CloseOthers(fd);
  auto inspector = PacketSocket::Adopt(Fd(fd));
  if (!inspector) return std::unexpected(inspector.error());
  inspector->Expect(Pid{getppid()});
  return Carry(std::move(*inspector), wiring, [] {});
}

// As a unit of systemd's, for one inspector: the next one gets a courier that knows nothing of it.
Result<void> CarryForWhoComes(const Wiring& wiring) {
  constexpr int kMilliseconds = 1'000;
  auto socket = TakePassedSocket();
  if (!socket) return std::unexpected(socket.error());
  CloseOthers(socket->get());
  const auto line = ServiceLine::Open();
  const auto alive = [&line] { line.Say("WATCHDOG=1"); };
  line.Say("READY=1");
  const auto listening = PacketListener::Adopt(std::move(*socket));
  if (!listening) return std::unexpected(listening.error());
  while (true) {
    alive();
    auto accepted = listening->Accept();
    if (!accepted) Warn(accepted.error().message);
    if (accepted && *accepted) return Carry(std::move(**accepted), wiring, alive);
    pollfd wanted = {.fd = listening->fd(), .events = POLLIN, .revents = 0};
    poll(&wanted, 1, kMilliseconds);
  }
}

}  // namespace

std::function<Exit()> SetupCourier(CLI::App& app, const GlobalOptions& /*global*/,
                                   const Wiring& wiring) {
  const auto flags = std::make_shared<CourierFlags>();
  auto* const sources = app.add_option_group("inspector")->require_option(1);
  sources->add_option("--fd", flags->fd, "The channel to the inspector that started it")
      ->check(CLI::Range(STDERR_FILENO + 1, INT_MAX - 1));
  sources->add_flag("--activated", flags->activated, "Inspectors come by systemd's socket unit");
  return [flags, &wiring] {
    prctl(PR_SET_NAME, "hullmark-hooks");  // ps(1) tells it from the inspector.
    const auto carried =
        flags->activated ? CarryForWhoComes(wiring) : CarryForParent(flags->fd, wiring);
    return carried ? Exit::kDone : Complain(carried.error(), Exit::kUsage);
  };
}

}  // namespace hullmark
