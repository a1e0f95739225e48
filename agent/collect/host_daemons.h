// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "agent/collect/host_look.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// A program of the host that can start containers: a daemon, or a shim that serves one container.
struct Daemon {
  const Process* process = nullptr;
  std::string name;  // Base name of its executable.
  bool shim = false;
  std::set<std::uint64_t> sockets;  // Inodes.
};

struct Daemons {
  std::vector<Daemon> found;
  // kDenied and the like when a program or its sockets could not be told, kVantage when not every
  // process of the host is visible: there may be more.
  Fact<bool> complete = true;
};

// Finds them among snapshot.processes by their executables; what runs in a container is none. Shims
// are many and only asked for when their sockets matter.
enum class Shims : std::uint8_t { kNo, kToo };
Daemons FindDaemons(HostLook& look, Shims shims);

// TCP sockets in LISTEN that belong to `daemons`, shims aside; each read in its network namespace.
Fact<std::vector<RuntimeListener>> FindListeners(HostLook& look, const Daemons& daemons);

}  // namespace hullmark
