// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "checks/table.h"
#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// ---- DMN-001 ----

constexpr ParamSpec kSockets[] = {
    {"sockets", ParamType::kGlobs},
    {"allowed_groups", ParamType::kStrings},
};
constexpr std::size_t kSocketGlobs = 0;
constexpr std::size_t kAllowedGroups = 1;

constexpr std::uint32_t kOthersAccess = 0007;
constexpr std::uint32_t kOthersWrite = 0002;
constexpr std::uint32_t kGroupAccess = 0070;

bool IsRuntimeSocket(const HostPath& path, const std::vector<Glob>& globs) {
  if (!path.socket) return false;
  if (path.pattern.empty()) return true;  // A runtime was found to listen on it.
  return std::ranges::any_of(globs, [&](const Glob& glob) {
    return glob.pattern() == path.pattern || glob.Matches(path.path);
  });
}

// The user whose runtime directory holds the socket: a rootless engine is no way to root.
bool IsOwnersOwn(const HostPath& socket) {
  constexpr std::string_view kRuntimeDirs = "/run/user/";
  if (!socket.path.starts_with(kRuntimeDirs)) return false;
  const char* const begin = socket.path.data() + kRuntimeDirs.size();
  const char* const end = socket.path.data() + socket.path.size();
  std::uint32_t uid = 0;
  const auto [stop, error] = std::from_chars(begin, end, uid);
  return error == std::errc{} && stop != end && *stop == '/' &&
         uid == std::to_underlying(socket.uid);
}

// docker and podman give their socket to a group of their own, whose number differs from host to
// host; the others have none. Without group access the group does not matter, nor for an engine of
// its owner's own.
Outcome GroupOutcome(const HostPath& socket, const Params& params) {
  if ((socket.mode & kGroupAccess) == 0 || socket.gid == Gid{0}) return Outcome::kPass;
  if (IsOwnersOwn(socket)) return Outcome::kPass;
  const bool roots_only =
      socket.path.ends_with("/containerd.sock") || socket.path.ends_with("/crio.sock");
  if (roots_only) return Outcome::kFail;
  if (socket.group.empty()) return Outcome::kUnknown;
  const auto& accepted = params.Strings(kAllowedGroups);
  return std::ranges::find(accepted, socket.group) == accepted.end() ? Outcome::kFail
                                                                     : Outcome::kPass;
}

std::string Octal(std::uint32_t mode) {
  std::array<char, 12> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), mode & 07777, 8);
  return "0" + std::string(text.data(), end);
}

// Connecting takes write permission. The listed sockets are the way to root and must give others
// nothing at all; the rest are a daemon's own, for its plugins and metrics.
Verdict SocketPrivate(const HostPath& socket, const Params& params, EvidenceOut out) {
  const std::uint32_t forbidden = socket.pattern.empty() ? kOthersWrite : kOthersAccess;
  if ((socket.mode & forbidden) != 0) {
    return Fail(out, socket.path, [&] { return "mode is " + Octal(socket.mode); });
  }
  if (socket.uid != Uid{0} && !IsOwnersOwn(socket)) {
    return Fail(out, socket.path,
                [&] { return "owner is uid " + std::to_string(std::to_underlying(socket.uid)); });
  }
  const Outcome group = GroupOutcome(socket, params);
  if (group == Outcome::kPass) return Pass();
  Prove(out, socket.path, [&] {
    const std::string gid = std::to_string(std::to_underlying(socket.gid));
    return "mode is " + Octal(socket.mode) + ", group is gid " + gid +
           (socket.group.empty() ? ", which has no certain name" : " (" + Cut(socket.group) + ")");
  });
  return {.outcome = group};
}

Verdict RuntimeSocketsPrivate(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Host& host = snapshot.host;
  const auto& globs = params.Globs(kSocketGlobs);
  bool failed = false;
  bool unknown = false;
  bool any = false;
  for (const HostPath& path : host.paths) {
    if (!IsRuntimeSocket(path, globs)) continue;
    any = true;
    const Outcome outcome = SocketPrivate(path, params, out).outcome;
    failed |= outcome == Outcome::kFail;
    unknown |= outcome == Outcome::kUnknown;
  }
  const auto& abstract = host.abstract_runtime_sockets;
  for (std::size_t at = 0; abstract && at < abstract->size(); ++at) {
    failed = true;
    Prove(out, "/proc/net/unix",
          [&] { return Cut((*abstract)[at]) + " is abstract: it has no mode"; });
  }
  if (failed) return {.outcome = Outcome::kFail};
  if (unknown) return {.outcome = Outcome::kUnknown};
  for (const Glob& glob : globs) {
    if (std::ranges::find(host.looked_for, glob.pattern()) == host.looked_for.end()) {
      return Unknown(out, glob.pattern(), Fault{ErrorCode::kNotRead});
    }
  }
  const Fact<bool>& read = host.unix_sockets_read;
  if (!read) return Unknown(out, "/proc/net/unix", read.error());
  if (!*read) return Unknown(out, "/proc/net/unix", "could not be read");
  if (!abstract) return Unknown(out, "/proc/net/unix", abstract.error());
  return any ? Pass() : NotApplicable("no runtime has a socket here");
}

// ---- DMN-002 ----

constexpr ParamSpec kPorts[] = {
    {"ok_ports", ParamType::kIntegers},
    {"docker_ports", ParamType::kIntegers},
    {"kubelet_ro_port", ParamType::kInteger},
};
constexpr std::size_t kOkPorts = 0;
constexpr std::size_t kDockerPorts = 1;
constexpr std::size_t kKubeletReadOnlyPort = 2;

bool HasPort(const std::vector<std::int64_t>& ports, const RuntimeListener& listener) {
  return std::ranges::find(ports, std::int64_t{listener.port}) != ports.end();
}

// Whether a listener is an API that can start containers, or might be. The other daemons keep
// ports of their own on the loopback (streaming, metrics, health), and one binary that is a whole
// Kubernetes node keeps many, which ask for certificates.
bool IsApi(const RuntimeListener& listener, const Params& params) {
  if (listener.port == params.Integer(kKubeletReadOnlyPort)) return true;
  if (HasPort(params.Integers(kOkPorts), listener)) return false;
  if (HasPort(params.Integers(kDockerPorts), listener)) return true;
  if (listener.daemon == "dockerd" || listener.daemon == "podman") return true;
  return !listener.loopback && listener.daemon != "k3s";
}

std::string ToText(const RuntimeListener& listener) {
  const bool v6 = listener.address.find(':') != std::string::npos;
  return listener.daemon + " listens on " + (v6 ? "[" : "") + listener.address + (v6 ? "]:" : ":") +
         std::to_string(listener.port);
}

Verdict Authenticated(const RuntimeListener& listener, const Params& params, EvidenceOut out) {
  constexpr Price kLoopback = {.severity = Severity::kHigh, .weight = 35};
  if (!IsApi(listener, params)) return Pass();
  if (listener.tls_verify && *listener.tls_verify) return Pass();
  // Only dockerd can ask for client certificates.
  if (!listener.tls_verify && listener.daemon == "dockerd") {
    return Unknown(out, "",
                   ToText(listener) +
                       "; whether it asks for client certificates "
                       "cannot be told");
  }
  Verdict verdict = Fail(out, "", [&] { return ToText(listener) + " without authentication"; });
  if (listener.loopback) verdict.price = kLoopback;
  return verdict;
}

// Fail before unknown; of two fails the one at the full price. An unknown one outweighs the mild.
bool IsWorse(const Verdict& a, const Verdict& b) {
  if (a.outcome != b.outcome) return a.outcome > b.outcome;
  return a.outcome == Outcome::kFail && !a.price && b.price;
}

Verdict NoOpenRuntimePort(const Snapshot& snapshot, const Params& params, EvidenceOut out) {
  const Host& host = snapshot.host;
  if (!host.listeners) return Unknown(out, "/proc/net/tcp", host.listeners.error());
  if (host.listeners->empty() && host.runtime_daemons.empty()) {
    return NotApplicable("no runtime daemon runs here");
  }
  const RuntimeListener* worst = nullptr;
  Verdict verdict = Pass();
  bool unknown = false;
  for (const RuntimeListener& listener : *host.listeners) {
    const Verdict next = Authenticated(listener, params, nullptr);
    unknown |= next.outcome == Outcome::kUnknown;
    if (!IsWorse(next, verdict)) continue;
    worst = &listener;
    verdict = next;
  }
  if (worst == nullptr) return verdict;
  verdict = Authenticated(*worst, params, out);
  if (out != nullptr) out->back().pid = worst->pid;
  // The milder price needs all the rest to be known: ignorance is never cheaper.
  if (unknown) verdict.price.reset();
  return verdict;
}

constexpr Check kChecks[] = {
    {.id = "DMN-001", .evaluate = RuntimeSocketsPrivate, .params = kSockets},
    {.id = "DMN-002", .evaluate = NoOpenRuntimePort, .params = kPorts},
};

}  // namespace

std::span<const Check> DaemonChecks() { return kChecks; }

}  // namespace hullmark
