// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/daemon/gateway_process.h"
#include "agent/daemon/loop.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/requests.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// What the agent knows of itself when a scan begins; it becomes the self-metrics of its picture.
struct AgentState {
  LoopCounts loop;
  RequestCounts requests{};
  std::uint64_t gateway_restarts = 0;
  std::optional<Pid> gateway{};   // While it lives.
  bool watching_cgroups = false;  // All of them; else changes wait for the interval.
};

// What a reload changes outside of the scans.
struct Reloaded {
  LoopTiming timing;
  Fd web{};  // See SealWebSettings.
};

struct ScanOrder {
  ScanReason reason = ScanReason::kInterval;
  Publication publication;
  AgentState state;
};

struct Scanned {
  bool looked = false;        // Else the error of `documents` says why not.
  bool awaits_names = false;  // A container was not spoken of, for want of its name.
  Result<Fd> documents;
};

// What differs from one use of the agent to another.
struct AgentParts {
  LoopTiming timing;
  // See GatewayProcess; none of both: nothing is served.
  std::vector<std::string> gateway_command;
  std::optional<GatewayUnit> gateway_unit{};
  Fd web{};  // What the gateway is handed before it lets anybody in.
  std::string cgroup_root = "/sys/fs/cgroup";
  // Looks, judges and lays out the documents, on a thread of its own. Without documents the last
  // picture stays and grows old.
  std::function<Scanned(const ScanOrder&)> scan;
  // What is left to do of that scan once its documents are out, on the same thread.
  std::function<void()> after_scan;
  // What the scans keep open has to be let go of when this is readable (-1: nothing). While a scan
  // is running too.
  int let_go_fd = -1;
  std::function<void()> let_go{};
  // A look is wanted when this is readable (-1: never); tells whether that is so still.
  int wanted_fd = -1;
  std::function<bool()> take_wanted{};
  // What else has to be looked after about once a second, in some seconds at most. True: a look is
  // wanted at once. May be empty.
  std::function<bool()> tend{};
  // The agent ends: no action is begun any more. True: one is under way, and is waited for. May be
  // empty.
  std::function<bool()> stop_acting{};
  // The agent ends in the midst of a scan that hangs: what can be taken back is. May be empty.
  std::function<void()> take_back{};
  // Takes configuration and benchmark anew, or keeps all of the old and says why. No scan is
  // running, but after_scan may be.
  std::function<Result<Reloaded>()> reload;
};

enum class AgentEnd : std::uint8_t {
  kStopped,    // A signal asked for it.
  kNoGateway,  // Nothing listens: the gateway said why.
  kBlind,      // The first scan could not look at anything.
};

// The resident agent, until SIGTERM or SIGINT. Ends within two seconds even in the midst of a scan,
// and within 32 in the midst of an action.
AgentEnd RunAgent(AgentParts parts);

}  // namespace hullmark
