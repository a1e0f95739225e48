// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/hook_router.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/hooks.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// The container of an event as the event knows it: without cgroup, labels and user.
Container Remembered(const Event& event, Snapshot& snapshot) {
  Container container;
  container.id = snapshot.strings.Intern(event.container_id);
  container.name = snapshot.strings.Intern(event.name);
  container.runtime = event.runtime;
  container.container_class = event.container_class;
  if (!event.image.empty()) container.image = snapshot.strings.Intern(event.image);
  if (!event.name_space.empty() || !event.pod.empty()) {
    container.kubernetes = KubernetesClaims{.name_space = snapshot.strings.Intern(event.name_space),
                                            .pod = snapshot.strings.Intern(event.pod)};
  }
  return container;
}

bool SelectsRemembered(const Selector& selector, const Event& event) {
  Snapshot snapshot;
  const Container container = Remembered(event, snapshot);
  return Selects(selector, snapshot, container, Belief::kAll);
}

}  // namespace

bool Admits(const HookFilter& filter, const Event& event) {
  if (std::ranges::find(filter.events, event.kind) == filter.events.end()) return false;
  const auto severity = std::max(event.severity, event.former_severity);
  if (severity && *severity < filter.severity) return false;
  const auto matches = [&](const Glob& pattern) { return pattern.Matches(event.control); };
  return event.control.empty() || filter.control.empty() ||
         std::ranges::any_of(filter.control, matches);
}

HookRouter::Mask HookRouter::SelectedBy(
    const Event& event, const Snapshot& snapshot,
    const std::map<std::string_view, const Container*>& containers) {
  const auto found = containers.find(event.container_id);
  const auto known = selected_.find(event.container_id);
  if (found == containers.end() && known != selected_.end()) return known->second;
  Mask mask = 0;
  for (std::size_t at = 0; at < hooks_.size(); ++at) {
    const Selector& selector = hooks_[at].filter.select;
    const bool of_host = event.container_id.empty();
    const bool selected =
        IsEmpty(selector) ||
        (!of_host &&
         (found == containers.end() ? SelectsRemembered(selector, event)
                                    : Selects(selector, snapshot, *found->second, Belief::kAll)));
    if (selected) mask |= Mask{1} << at;
  }
  if (found != containers.end()) selected_.insert_or_assign(event.container_id, mask);
  return mask;
}

std::vector<std::vector<std::string>> HookRouter::Route(std::span<const Event> events,
                                                        const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> routed(events.size());
  if (hooks_.empty() || events.empty()) return routed;
  std::map<std::string_view, const Container*> containers;
  for (const Container& container : snapshot.containers) {
    containers.emplace(snapshot.Text(container.id), &container);
  }
  for (std::size_t number = 0; number < events.size(); ++number) {
    const Event& event = events[number];
    const Mask mask = SelectedBy(event, snapshot, containers);
    for (std::size_t at = 0; at < hooks_.size(); ++at) {
      const bool selected = (mask >> at & 1U) != 0;
      if (selected && Admits(hooks_[at].filter, event)) routed[number].push_back(hooks_[at].name);
    }
    if (event.kind == EventKind::kContainerGone) selected_.erase(event.container_id);
  }
  return routed;
}

}  // namespace hullmark
