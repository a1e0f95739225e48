// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "agent/collect/collect.h"
#include "agent/config/config.h"
#include "agent/daemon/rescanner.h"
#include "agent/daemon/watcher.h"
#include "hullmark/live.h"

namespace hullmark {

// What goes on between two looks.
struct Watching {
  std::unique_ptr<Watcher> watcher{};      // null: nothing does.
  std::unique_ptr<Rescanner> rescanner{};  // Refers to the watcher.
};

// Begins to watch, as far as this kernel and `watch` allow; what cannot be had is logged.
Watching BeginWatching(const Roots& roots, const Config::Watch& watch,
                       std::function<void(const LiveExec&)> tell, Watcher::Tells tells);

}  // namespace hullmark
