// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/host_daemons.h"
#include "agent/collect/host_look.h"
#include "agent/collect/host_places.h"
#include "agent/parse/cut.h"
#include "agent/parse/host_files.h"
#include "agent/parse/net_sockets.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kGroupFileBytes = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kFileDeadline{250};

// Sockets and directories that `pattern` stands for; whether all of them could be looked at.
bool AddMatches(HostPlaces& places, const std::string& pattern, std::vector<HostPath>& paths) {
  bool complete = true;
  for (const std::string& path : places.Expand(pattern, complete)) {
    auto found = places.Find(path);
    if (!found) {
      complete = complete && found.error().code == ErrorCode::kNotFound;
      continue;
    }
    if (!found->path.socket && !found->directory) continue;
    found->path.pattern = pattern;
    paths.push_back(std::move(found->path));
  }
  return complete;
}

// The daemon that holds a socket; nullptr: none that was found. Shims listen for their daemon only.
const Daemon* HolderOf(const Daemons& daemons, const UnixSocket& socket) {
  const auto holder = std::ranges::find_if(daemons.found, [&](const Daemon& daemon) {
    return !daemon.shim && daemon.sockets.contains(socket.inode);
  });
  return holder == daemons.found.end() ? nullptr : &*holder;
}

// Notes that `daemon` listens on what lies at `place`; whether anything is known there.
bool MarkListening(std::vector<HostPath>& paths, const HostPath& place, const Daemon& daemon) {
  bool known = false;
  for (HostPath& path : paths) {  // Two patterns may have led to it.
    if (path.device != place.device || path.root != place.root) continue;
    path.daemon = daemon.name;
    known = true;
  }
  return known;
}

// Notes which daemon listens on which of `paths`, and adds sockets of daemons that no pattern
// found. Names are what servers bound, so that "/var/run/x" is found to be "/run/x" by its place.
void AddListening(HostPlaces& places, const Daemons& daemons,
                  const std::vector<UnixSocket>& sockets, std::vector<HostPath>& paths) {
  for (const UnixSocket& socket : sockets) {
    if (!socket.listening || !socket.path.starts_with('/')) continue;
    const Daemon* const daemon = HolderOf(daemons, socket);
    if (daemon == nullptr) continue;
    auto place = places.Find(socket.path);
    if (!place || !place->path.socket || MarkListening(paths, place->path, *daemon)) continue;
    place->path.daemon = daemon->name;
    paths.push_back(std::move(place->path));
  }
}

// A name decides who counts as trusted, so only root may have written the file, and the numbers
// must be the host's.
void NameGroups(const HostLook& look, std::vector<HostPath>& paths) {
  if (!look.snapshot.vantage.initial_user_namespace) return;
  const auto file =
      ReadUntrusted(look.roots.host.get(), "/etc/group", kGroupFileBytes, kFileDeadline);
  if (!file || !file->root_only) return;
  for (HostPath& path : paths) path.group = GroupNameOf(file->text, path.gid).value_or("");
}

bool IsAbstractListener(const UnixSocket& socket) {
  return socket.listening && socket.path.starts_with('@');
}

// Abstract names have no file and no mode: whoever shares the network namespace may connect. What
// is found stands; where nothing is, it may have been hidden.
Fact<std::vector<std::string>> AbstractSockets(const Daemons& daemons,
                                               const Fact<std::vector<UnixSocket>>& sockets) {
  if (!sockets) return std::unexpected(sockets.error());
  std::vector<std::string> names;
  for (const UnixSocket& socket : *sockets) {
    if (!IsAbstractListener(socket)) continue;
    const auto owns = [&](const Daemon& daemon) { return daemon.sockets.contains(socket.inode); };
    if (std::ranges::any_of(daemons.found, owns)) names.push_back(socket.path);
  }
  if (names.empty() && !daemons.complete) return std::unexpected(daemons.complete.error());
  std::ranges::sort(names);
  return names;
}

// The program of "|/path args", see core(5).
Fact<HostPath> CoreProgram(const Host& host, HostPlaces& places) {
  const auto setting = std::ranges::find(host.sysctls, "kernel/core_pattern", &Sysctl::name);
  if (setting == host.sysctls.end()) return Missing(ErrorCode::kNotRead);
  if (!setting->value) return std::unexpected(setting->value.error());
  std::string_view pattern = *setting->value;
  if (!pattern.starts_with('|')) return Missing(ErrorCode::kNotFound);
  pattern.remove_prefix(1);
  auto found = places.Find(CutWord(pattern));
  if (!found) return std::unexpected(found.error());
  return std::move(found->path);
}

void CollectPaths(HostLook& look, HostPlaces& places, const Daemons& daemons,
                  const Fact<std::vector<UnixSocket>>& sockets) {
  Host& host = look.snapshot.host;
  for (const std::string& pattern : look.options.host_paths) {
    if (AddMatches(places, pattern, host.paths)) host.looked_for.push_back(pattern);
  }
  if (sockets) AddListening(places, daemons, *sockets, host.paths);
  std::ranges::sort(host.paths, {},
                    [](const HostPath& path) { return std::tie(path.path, path.pattern); });
  NameGroups(look, host.paths);
  host.core_program = CoreProgram(host, places);
}

// Of the host's network namespace, which is pid 1's.
Fact<std::vector<UnixSocket>> HostUnixSockets(HostLook& look) {
  if (!look.snapshot.vantage.initial_pid_namespace) return Missing(ErrorCode::kVantage);
  auto sockets = look.Read(look.roots.proc, "1/net/unix", ParseNetUnix);
  const bool absent = !sockets && sockets.error().code == ErrorCode::kNotFound;
  const bool hidden = absent && !StatusOf(look.roots.proc.get(), "1", Follow::kNo);
  return hidden ? Missing(ErrorCode::kVantage) : std::move(sockets);
}

}  // namespace

void CollectPlaces(HostLook& look) {
  Host& host = look.snapshot.host;
  const auto sockets = HostUnixSockets(look);
  const bool abstract = sockets && std::ranges::any_of(*sockets, IsAbstractListener);
  const Daemons daemons = FindDaemons(look, abstract ? Shims::kToo : Shims::kNo);
  for (const Daemon& daemon : daemons.found) {
    if (!daemon.shim) host.runtime_daemons.push_back(daemon.name);
  }
  std::ranges::sort(host.runtime_daemons);
  const auto repeated = std::ranges::unique(host.runtime_daemons);
  host.runtime_daemons.erase(repeated.begin(), repeated.end());
  host.listeners = FindListeners(look, daemons);

  host.unix_sockets_read = sockets ? daemons.complete : std::unexpected(sockets.error());
  host.abstract_runtime_sockets = AbstractSockets(daemons, sockets);
  auto places = HostPlaces::Open(look);
  if (places) {
    CollectPaths(look, *places, daemons, sockets);
  } else {
    host.core_program = std::unexpected(places.error());
  }
}

}  // namespace hullmark
