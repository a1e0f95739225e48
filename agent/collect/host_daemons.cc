// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/host_daemons.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/host_look.h"
#include "agent/collect/open_process.h"
#include "agent/parse/cmdline.h"
#include "agent/parse/descriptor_link.h"
#include "agent/parse/net_sockets.h"
#include "agent/runtime/json_fields.h"
#include "agent/runtime/programs.h"
#include "hullmark/caps.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr auto kDaemonNames =
    std::to_array<std::string_view>({"dockerd", "containerd", "podman", "crio", "kubelet", "k3s"});
constexpr std::size_t kMostDescriptors = 65'536;
constexpr std::size_t kMostArguments = 256;
constexpr std::chrono::milliseconds kFileDeadline{250};

// By index of process: whether it is counted to something that is no service of the host.
std::vector<bool> InContainers(const Snapshot& snapshot) {
  std::vector<bool> inside(snapshot.processes.size());
  for (const Container& container : snapshot.containers) {
    if (container.container_class == ContainerClass::kService) continue;
    for (const Member& member : container.members) {
      inside.at(static_cast<std::size_t>(member.process)) = true;
    }
  }
  return inside;
}

// Whether a daemon of the host would be among the processes that were read.
bool SeesAllProcesses(const Snapshot& snapshot) {
  const Vantage& vantage = snapshot.vantage;
  const bool exempt = vantage.initial_user_namespace && vantage.capabilities.Has(Cap::kSysPtrace);
  return vantage.initial_pid_namespace && (!vantage.hidepid || exempt) &&
         !snapshot.counts.processes_truncated;
}

// Whether the process may be in the host's pid namespace; what cannot be told may.
bool MayBeOfHost(const Host& host, const Process& process) {
  const auto& reference = host.namespaces.at(std::to_underlying(NamespaceKind::kPid));
  const auto own = process.leader.namespaces[NamespaceKind::kPid];
  return !own || !reference || *own == reference->inode;
}

Fact<std::set<std::uint64_t>> SocketsOf(HostLook& look, const Process& process) {
  const auto directory = OpenProcess(look.roots, look.buffer, process);
  if (!directory) return std::unexpected(directory.error());
  const auto names = ListDirectory(directory->get(), "fd", kMostDescriptors);
  if (!names) return std::unexpected(names.error());
  std::set<std::uint64_t> sockets;
  for (const std::string& name : *names) {
    const auto link = look.buffer.ReadLink(directory->get(), ("fd/" + name).c_str());
    if (!link) continue;  // Closed since.
    const auto [kind, socket] = ParseDescriptorLink(*link);
    if (kind == DescriptorKind::kSocket) sockets.insert(socket);
  }
  return sockets;
}

bool IsGone(Fault fault) {
  return fault.code == ErrorCode::kNotFound || fault.code == ErrorCode::kVanished;
}

// What vanished is no daemon any more; any other fault may hide one.
void NoteUnlessGone(Fault fault, Daemons& daemons) {
  if (!IsGone(fault)) daemons.complete = std::unexpected(fault);
}

// Whether the process is root, as which dockerd reads /etc/docker; a rootless one reads a file of
// its user's, in a mount namespace of its own.
bool IsRootOfHost(const Snapshot& snapshot, const Process& process) {
  const auto& reference = snapshot.host.namespaces.at(std::to_underlying(NamespaceKind::kUser));
  const auto own = process.leader.namespaces[NamespaceKind::kUser];
  if (!snapshot.vantage.initial_user_namespace || !process.leader.status) return false;
  return process.leader.status->uid.effective == Uid{0} && own && reference &&
         *own == reference->inode;
}

// Whether the daemon's configuration file asks clients for certificates. Without the file, or
// without a word in it, dockerd does not ask.
std::optional<bool> FileVerifiesClients(const HostLook& look, const std::string& path) {
  constexpr std::string_view kWanted[] = {"tlsverify"};
  if (!look.roots.host) return std::nullopt;
  const auto file =
      ReadUntrusted(look.roots.host.get(), path, runtime::JsonFields::kMostBytes, kFileDeadline);
  if (!file && file.error().code == ErrorCode::kNotFound) return false;
  if (!file) return std::nullopt;
  const auto fields = runtime::JsonFields::Parse(file->text, kWanted);
  if (!fields) return std::nullopt;
  return fields->Flag("tlsverify").value_or(false);
}

// What dockerd's arguments say of its clients, see dockerd(8): --tlsverify asks them for
// certificates, --tls alone does not; without either the configuration file decides.
struct TlsArguments {
  std::optional<bool> verifies;
  std::string config_file = "/etc/docker/daemon.json";
};

TlsArguments TlsArgumentsOf(const std::vector<std::string>& arguments) {
  constexpr std::string_view kConfigFile = "--config-file";
  TlsArguments tls;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    if (argument == "--tlsverify" || argument == "--tlsverify=true") {
      tls.verifies = true;
      return tls;
    }
    if (argument == "--tlsverify=false" || argument == "--tls" || argument == "--tls=true") {
      tls.verifies = false;
    }
    if (argument == kConfigFile && at + 1 < arguments.size()) tls.config_file = arguments[at + 1];
    if (argument.starts_with(kConfigFile) && argument.substr(kConfigFile.size()).starts_with('=')) {
      tls.config_file = argument.substr(kConfigFile.size() + 1);
    }
  }
  return tls;
}

// Whether dockerd asks its clients for certificates.
std::optional<bool> VerifiesClients(HostLook& look, const Process& process) {
  const auto directory = OpenProcess(look.roots, look.buffer, process);
  if (!directory) return std::nullopt;
  bool truncated = false;
  const auto text = look.buffer.ReadUpTo(directory->get(), "cmdline", truncated);
  if (!text || truncated) return std::nullopt;
  const TlsArguments tls = TlsArgumentsOf(SplitArguments(*text, kMostArguments));
  if (tls.verifies || !IsRootOfHost(look.snapshot, process)) return tls.verifies;
  return FileVerifiesClients(look, tls.config_file);
}

Fact<std::vector<TcpListener>> ListenersSeenBy(HostLook& look, const Process& process) {
  const auto directory = OpenProcess(look.roots, look.buffer, process);
  if (!directory) return std::unexpected(directory.error());
  auto v4 = look.Read(*directory, "net/tcp",
                      [](std::string_view text) { return ParseNetTcp(text, false); });
  if (!v4) return v4;
  const auto v6 = look.Read(*directory, "net/tcp6",
                            [](std::string_view text) { return ParseNetTcp(text, true); });
  if (v6) v4->insert(v4->end(), v6->begin(), v6->end());
  if (!v6 && v6.error().code != ErrorCode::kNotFound) return v6;  // None with ipv6.disable=1.
  return v4;
}

// Adds those of `seen`, which are all of a network namespace, that the daemon holds.
void AddOwned(HostLook& look, const Daemon& daemon, const std::vector<TcpListener>& seen,
              std::vector<RuntimeListener>& listeners) {
  const bool docker = daemon.name == "dockerd";
  for (const TcpListener& listener : seen) {
    if (!daemon.sockets.contains(listener.inode)) continue;
    listeners.push_back(
        {.daemon = daemon.name,
         .pid = daemon.process->pid,
         .address = listener.address,
         .port = listener.port,
         .loopback = listener.loopback,
         .tls_verify = docker ? VerifiesClients(look, *daemon.process) : std::nullopt});
  }
}

}  // namespace

Daemons FindDaemons(HostLook& look, Shims shims) {
  const Snapshot& snapshot = look.snapshot;
  const auto inside = InContainers(snapshot);
  Daemons daemons;
  if (!SeesAllProcesses(snapshot)) daemons.complete = Missing(ErrorCode::kVantage);
  for (std::size_t at = 0; at < snapshot.processes.size(); ++at) {
    const Process& process = snapshot.processes[at];
    // Init starts no containers, and may be closed to everybody.
    if (inside[at] || process.pid == Pid{1} || !MayBeOfHost(snapshot.host, process)) continue;
    if (!process.executable) {
      NoteUnlessGone(process.executable.error(), daemons);
      continue;
    }
    std::string name(runtime::ProgramOf(snapshot, snapshot.At(*process.executable)));
    const bool shim = shims == Shims::kToo && name.starts_with("containerd-shim");
    if (!shim && std::ranges::find(kDaemonNames, name) == kDaemonNames.end()) continue;
    auto sockets = SocketsOf(look, process);
    if (!sockets) NoteUnlessGone(sockets.error(), daemons);
    daemons.found.push_back({.process = &process,
                             .name = std::move(name),
                             .shim = shim,
                             .sockets = std::move(sockets).value_or(std::set<std::uint64_t>{})});
  }
  return daemons;
}

Fact<std::vector<RuntimeListener>> FindListeners(HostLook& look, const Daemons& daemons) {
  std::vector<RuntimeListener> listeners;
  if (!daemons.complete) return std::unexpected(daemons.complete.error());
  // By network namespace: the kernel walks all of its hash table for one reading.
  std::map<NamespaceInode, std::vector<TcpListener>> known;
  for (const Daemon& daemon : daemons.found) {
    if (daemon.shim) continue;
    const auto network = daemon.process->leader.namespaces[NamespaceKind::kNet];
    const auto before = network ? known.find(*network) : known.end();
    if (before != known.end()) {
      AddOwned(look, daemon, before->second, listeners);
      continue;
    }
    auto seen = ListenersSeenBy(look, *daemon.process);
    if (!seen && !IsGone(seen.error())) return std::unexpected(seen.error());
    if (!seen) continue;
    AddOwned(look, daemon, *seen, listeners);
    if (network) known.emplace(*network, *std::move(seen));
  }
  return listeners;
}

}  // namespace hullmark
