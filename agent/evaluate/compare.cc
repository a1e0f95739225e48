// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/compare.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/evaluate/known_state.h"
#include "agent/evaluate/standing.h"
#include "agent/evaluate/workload.h"
#include "hullmark/comparison.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// ---- who is who ----

// Which container of before each of now is.
class Pairing {
 public:
  Pairing(const Posture& before, const Posture& after)
      : before_(before),
        after_(after),
        taken_(before.containers.size()),
        former_(after.containers.size()) {
    PairBy([](const PostureContainer& container) {
      return std::string(NameOf(container.runtime)) + '\0' + container.id + '\0' +
             OwnerOf(container) + '\0' + (container.claimed_by_user ? NameKeyOf(container) : "");
    });
    PairBy(NameKeyOf);
    PairBy(WorkloadKeyOf);
    for (std::uint32_t i = 0; i < taken_.size(); ++i) {
      kin_.try_emplace(WorkloadKeyOf(before.containers[i]), i);
    }
  }

  std::optional<std::uint32_t> FormerOf(std::size_t after) const { return former_[after]; }
  bool IsTaken(std::size_t before) const { return taken_[before]; }

  // One of the same workload, for a container that is one more of it.
  std::optional<std::uint32_t> KinOf(std::size_t after) const {
    const auto kin = kin_.find(WorkloadKeyOf(after_.containers[after]));
    return kin == kin_.end() ? std::nullopt : std::optional(kin->second);
  }

 private:
  void PairBy(const auto& key_of) {
    std::multimap<std::string, std::uint32_t> free;  // Equal keys stay in order.
    for (std::uint32_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i]) free.emplace(key_of(before_.containers[i]), i);
    }
    for (std::size_t i = 0; i < former_.size(); ++i) {
      if (former_[i]) continue;
      const std::string key = key_of(after_.containers[i]);
      const auto found = free.lower_bound(key);
      if (found == free.end() || found->first != key) continue;
      former_[i] = found->second;
      taken_[found->second] = true;
      free.erase(found);
    }
  }

  const Posture& before_;
  const Posture& after_;
  std::vector<bool> taken_;
  std::vector<std::optional<std::uint32_t>> former_;
  std::map<std::string, std::uint32_t> kin_;  // The first of each workload of before.
};

// Whether a report that was asked so would list the container, did it run.
bool IsAskedFor(const Posture& report, const PostureContainer& container) {
  if (std::ranges::count(report.classes, container.container_class) == 0) return false;
  constexpr std::size_t kShortId = 12;
  return report.select.empty() || std::ranges::any_of(report.select, [&](const std::string& text) {
           const Glob pattern(text);
           return pattern.Matches(container.name) || pattern.Matches(container.id) ||
                  pattern.Matches(std::string_view(container.id).substr(0, kShortId));
         });
}

// ---- what changed ----

// The findings of a subject by the id of their control.
using ById = std::map<std::string_view, std::uint32_t>;

ById IndexOf(const Posture& report, std::span<const PostureFinding> findings) {
  ById index;
  for (std::uint32_t i = 0; i < findings.size(); ++i) {
    index.emplace(report.controls[findings[i].control].id, i);
  }
  return index;
}

std::optional<EventKind> KindOf(const PostureFinding* before, const PostureFinding& after) {
  const Standing from = before == nullptr ? Standing::kQuiet : StandingOf(before->status);
  const Standing to = StandingOf(after.status);
  if (from == to && (to != Standing::kFailing || before->severity == after.severity)) {
    return std::nullopt;
  }
  if (to != Standing::kUnknown) return KindOfStep(from, to);
  if (before == nullptr) return std::nullopt;  // Nobody ever knew.
  return EventKind::kControlUnknown;           // A failing one too: it is not mended.
}

// The findings of one subject in either look; none where it is missing there.
std::vector<ControlChange> ChangesOf(const Comparison& looks,
                                     std::span<const PostureFinding> before,
                                     std::span<const PostureFinding> after) {
  std::vector<ControlChange> changes;
  ById known = IndexOf(looks.before, before);
  for (std::uint32_t i = 0; i < after.size(); ++i) {
    const PostureFinding& finding = after[i];
    const auto was = known.find(looks.after.controls[finding.control].id);
    const bool judged = was != known.end();
    const auto kind = KindOf(judged ? &before[was->second] : nullptr, finding);
    const auto at = judged ? std::optional(was->second) : std::nullopt;
    if (kind) changes.push_back({.kind = *kind, .before = at, .after = i});
    if (judged) known.erase(was);
  }
  for (const auto& [id, at] : known) {
    if (before[at].status != Status::kFail) continue;
    changes.push_back({.kind = EventKind::kViolationResolved, .before = at});
  }
  return changes;
}

SubjectChange ChangeOf(const Comparison& looks, const Pairing& pairing, std::uint32_t after) {
  SubjectChange change = {.before = pairing.FormerOf(after), .after = after};
  if (!change.before) {
    change.added = true;
    change.before = pairing.KinOf(after);
  }
  std::span<const PostureFinding> former;
  if (change.before) former = looks.before.containers[*change.before].subject.findings;
  change.controls = ChangesOf(looks, former, looks.after.containers[after].subject.findings);
  // What another of its workload had and this one does not was never its own.
  if (change.added) {
    std::erase_if(change.controls, [](const ControlChange& each) {
      return each.kind == EventKind::kViolationResolved;
    });
  }
  return change;
}

}  // namespace

Comparison Compare(Posture before, Posture after) {
  Comparison looks = {.before = std::move(before), .after = std::move(after)};
  const Pairing pairing(looks.before, looks.after);
  looks.host.controls =
      ChangesOf(looks, looks.before.machine.findings, looks.after.machine.findings);
  for (std::uint32_t i = 0; i < looks.after.containers.size(); ++i) {
    looks.containers.push_back(ChangeOf(looks, pairing, i));
  }
  for (std::uint32_t i = 0; i < looks.before.containers.size(); ++i) {
    if (pairing.IsTaken(i)) continue;
    if (!IsAskedFor(looks.after, looks.before.containers[i])) {
      ++looks.left_out;
      continue;
    }
    looks.containers.push_back(
        {.before = i,
         .controls = ChangesOf(looks, looks.before.containers[i].subject.findings, {})});
  }
  return looks;
}

}  // namespace hullmark
