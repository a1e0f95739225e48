// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/known_tables.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "hullmark/benchmark.h"

namespace hullmark {
namespace {

template <typename Visit>
void ForEachSubject(KnownState& state, Visit visit) {
  visit(state.host);
  for (KnownContainer& container : state.containers) visit(container.subject);
}

template <typename Visit>
void ForEachControl(KnownState& state, Visit visit) {
  ForEachSubject(state,
                 [&](KnownSubject& subject) { std::ranges::for_each(subject.controls, visit); });
}

bool HasControlsOf(const KnownState& state, const Benchmark& benchmark) {
  const auto judged = std::span(state.controls).first(state.judged);
  return std::ranges::equal(judged, benchmark.controls, {}, {}, &Control::id);
}

// Records move with their controls.
void Renumber(KnownState& state, const std::vector<std::uint16_t>& places) {
  ForEachSubject(state, [&](KnownSubject& subject) {
    for (KnownControl& known : subject.controls) known.control = places[known.control];
    std::ranges::sort(subject.controls, {}, &KnownControl::control);
  });
}

}  // namespace

const KnownControl* FindControl(const KnownSubject& subject, std::uint16_t control) {
  const auto at = std::ranges::lower_bound(subject.controls, control, {}, &KnownControl::control);
  return at != subject.controls.end() && at->control == control ? &*at : nullptr;
}

std::vector<bool> TakeControls(KnownState& state, const Benchmark& benchmark) {
  if (HasControlsOf(state, benchmark)) return std::vector<bool>(state.judged, true);
  const std::vector<std::string> before = std::exchange(state.controls, {});
  std::unordered_map<std::string_view, std::uint16_t> at;
  for (const Control& control : benchmark.controls) {
    at.emplace(control.id, static_cast<std::uint16_t>(state.controls.size()));
    state.controls.push_back(control.id);
  }
  std::vector<bool> were_judged(state.controls.size());
  std::vector<std::uint16_t> places;
  for (std::size_t place = 0; place < before.size(); ++place) {
    const auto [known, added] =
        at.emplace(before[place], static_cast<std::uint16_t>(state.controls.size()));
    if (added) {
      state.controls.push_back(before[place]);
    } else if (place < state.judged) {
      were_judged[known->second] = true;
    }
    places.push_back(known->second);
  }
  state.judged = benchmark.controls.size();
  Renumber(state, places);
  return were_judged;
}

void DropControls(KnownState& state) {
  if (state.controls.size() == state.judged) return;
  std::vector<bool> used(state.controls.size());
  std::fill_n(used.begin(), state.judged, true);
  ForEachControl(state, [&](const KnownControl& known) { used[known.control] = true; });
  std::vector<std::uint16_t> places;
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < used.size(); ++at) {
    places.push_back(static_cast<std::uint16_t>(kept.size()));
    if (used[at]) kept.push_back(std::move(state.controls[at]));
  }
  state.controls = std::move(kept);
  Renumber(state, places);
}

KnownTexts::KnownTexts(KnownState& state) : texts_(state.texts) {
  places_.reserve(texts_.size());
  for (std::uint32_t at = 0; at < texts_.size(); ++at) places_.emplace(texts_[at], at);
}

std::uint32_t KnownTexts::Keep(std::string_view text) {
  if (const auto found = places_.find(text); found != places_.end()) return found->second;
  const auto place = static_cast<std::uint32_t>(texts_.size());
  places_.emplace(texts_.emplace_back(text), place);
  return place;
}

void DropTexts(KnownState& state) {
  std::vector<std::optional<std::uint32_t>> places(state.texts.size());
  std::deque<std::string> kept;
  ForEachControl(state, [&](KnownControl& known) {
    if (!known.failure) return;
    auto& place = places[known.failure->evidence];
    if (!place) {
      place = static_cast<std::uint32_t>(kept.size());
      kept.push_back(std::move(state.texts[known.failure->evidence]));
    }
    known.failure->evidence = *place;
  });
  state.texts = std::move(kept);
}

void KeepOffenders(KnownSubject& subject, std::span<const Offender> offenders,
                   LastFailure& failure) {
  std::vector<Offender>& all = subject.offenders;
  const auto found = std::ranges::search(all, offenders);
  const auto begin = static_cast<std::size_t>(found.begin() - all.begin());
  if (found.empty()) {
    if (all.size() + offenders.size() > std::numeric_limits<std::uint16_t>::max()) offenders = {};
    all.insert(all.end(), offenders.begin(), offenders.end());
  }
  failure.offenders_begin = static_cast<std::uint16_t>(begin);
  failure.offenders_end = static_cast<std::uint16_t>(begin + offenders.size());
}

void DropOffenders(KnownSubject& subject) {
  const std::vector<Offender> before = std::exchange(subject.offenders, {});
  for (KnownControl& known : subject.controls) {
    if (!known.failure) continue;
    const std::size_t begin = known.failure->offenders_begin;
    const std::size_t end = known.failure->offenders_end;
    KeepOffenders(subject, std::span(before).subspan(begin, end - begin), *known.failure);
  }
  subject.offenders.shrink_to_fit();
}

}  // namespace hullmark
