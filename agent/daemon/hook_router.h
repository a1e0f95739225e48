// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/hooks.h"
#include "hullmark/event.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// Whether a filter lets an event through, its selector left aside.
bool Admits(const HookFilter& filter, const Event& event);

// Tells which hooks are told which events. A selector is asked when an event shows a container;
// what it said holds for the events of its end. After a restart the end of a container that nobody
// has seen is told where the selector asks for what an event says itself.
class HookRouter {
 public:
  explicit HookRouter(std::vector<Hook> hooks = {}) : hooks_(std::move(hooks)) {}

  const std::vector<Hook>& hooks() const { return hooks_; }

  // Names of hooks, by event.
  std::vector<std::vector<std::string>> Route(std::span<const Event> events,
                                              const Snapshot& snapshot);

 private:
  using Mask = std::uint32_t;  // A bit per hook.

  Mask SelectedBy(const Event& event, const Snapshot& snapshot,
                  const std::map<std::string_view, const Container*>& containers);

  std::vector<Hook> hooks_;
  std::map<std::string, Mask, std::less<>> selected_;  // By container.
};

}  // namespace hullmark
