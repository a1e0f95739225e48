// SPDX-License-Identifier: Apache-2.0
#include "checks/sharing.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/verdicts.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/namespace_users.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::string NameFor(const Snapshot& snapshot, const Container& container) {
  const std::string_view name = snapshot.Text(container.name);
  return Cut(name.empty() ? snapshot.Text(container.id) : name, 64);
}

// Who cannot see every process cannot tell that nobody shares. hidepid hides nothing from whoever
// may trace.
bool MaySeeAll(const Vantage& vantage) {
  const bool hidden = vantage.hidepid && !vantage.capabilities.Has(Cap::kSysPtrace);
  return vantage.initial_pid_namespace && !hidden;
}

}  // namespace

std::optional<KindSet> KindSet::OfNames(const std::vector<std::string>& names) {
  KindSet kinds;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kNamespaceNames, std::string_view(name));
    if (found == kNamespaceNames.end()) return std::nullopt;
    kinds |= KindSet(static_cast<NamespaceKind>(found - kNamespaceNames.begin()));
  }
  return kinds;
}

Verdict Neighbours::Judge(NamespaceKind kind, EvidenceOut out) const {
  const Snapshot& snapshot = view_.snapshot;
  const Process* const init = RepresentativeOf(snapshot, view_.container);
  if (init == nullptr) return Unknown(out, "", "the container has no process");
  const Fact<NamespaceInode> inits = init->leader.namespaces[kind];
  const bool no_link = !inits && inits.error().code == ErrorCode::kNotFound;
  if (no_link && KernelLacks(snapshot.host, kind)) {
    return NotApplicable("this kernel has no such namespaces");
  }
  const JudgedTask worst = WorstTask(kind, *init);
  const bool at_host = InHostNamespace(snapshot, init->leader, kind).value_or(false);
  if (worst.outcome == Outcome::kPass) {
    return at_host ? Pass("the host's own") : JudgeUnread(kind, out);
  }
  const Verdict verdict = JudgeTask(*worst.task, kind, out);
  if (out != nullptr) out->back().pid = worst.process->pid;
  return verdict;
}

Neighbours::JudgedTask Neighbours::WorstTask(NamespaceKind kind, const Process& init) const {
  const Snapshot& snapshot = view_.snapshot;
  const Fact<NamespaceInode> inits = init.leader.namespaces[kind];
  JudgedTask worst{.process = &init,
                   .task = &init.leader,
                   .outcome = JudgeTask(init.leader, kind, nullptr).outcome};
  const auto judge = [&](const Process& process, const Task& task) {
    if (inits && task.namespaces[kind] == inits) return;  // As nearly all are.
    const Outcome outcome = JudgeTask(task, kind, nullptr).outcome;
    if (outcome > worst.outcome) worst = {.process = &process, .task = &task, .outcome = outcome};
  };
  for (const Member& member : view_.container.members) {
    const Process& process = snapshot.At(member.process);
    judge(process, process.leader);
    for (const Thread& thread : RecordedThreads(snapshot, member.process)) {
      judge(process, thread.task);
    }
  }
  return worst;
}

Verdict Neighbours::JudgeTask(const Task& task, NamespaceKind kind, EvidenceOut out) const {
  const Fact<NamespaceInode> own = task.namespaces[kind];
  if (!own) return Unknown(out, LinkOf(kind), own.error());
  const Fact<bool> host = InHostNamespace(view_.snapshot, task, kind);
  if (host && *host) return Pass();
  const Container* const stranger = StrangerIn(kind, *own);
  if (stranger == nullptr) return Pass();
  if (!host) return Unknown(out, LinkOf(kind), host.error());
  return Fail(out, LinkOf(kind), [&] {
    return ToText(kind, *own) + " is also that of container " + NameFor(view_.snapshot, *stranger);
  });
}

Verdict Neighbours::JudgeUnread(NamespaceKind kind, EvidenceOut out) const {
  for (const std::uint32_t at : view_.users.Unread(kind)) {
    const Container& other = view_.snapshot.containers[at];
    if (IsOwnOrInside(other) || KinshipWith(other) == Kinship::kOnePod) continue;
    Prove(out, LinkOf(kind), [&] {
      return "that of container " + NameFor(view_.snapshot, other) + " could not be read";
    });
    return {.outcome = Outcome::kUnknown};
  }
  if (!MaySeeAll(view_.snapshot.vantage)) return Unknown(out, "/proc", Fault{ErrorCode::kVantage});
  return Pass();
}

// A pause container among podless ones makes them a pod.
const Container* Neighbours::StrangerIn(NamespaceKind kind, NamespaceInode inode) const {
  const Container* podless = nullptr;
  bool pause = view_.container.container_class == ContainerClass::kPause;
  for (const NamespaceUsers::User& user : view_.users.Of(kind, inode)) {
    const Container& other = view_.snapshot.containers[user.container];
    if (IsOwnOrInside(other)) continue;
    switch (KinshipWith(other)) {
      case Kinship::kOnePod:
        pause |= other.container_class == ContainerClass::kPause;
        break;
      case Kinship::kOnePodIfPause:
        podless = &other;
        break;
      case Kinship::kStrangers:
        return &other;
    }
  }
  return pause ? nullptr : podless;
}

// Pods are told by their cgroup or their root-owned files; where nothing names one, by the pause
// container that holds its namespaces.
Kinship Neighbours::KinshipWith(const Container& other) const {
  if (!same_pod_ok_) return Kinship::kStrangers;
  const Container& own = view_.container;
  const bool own_named = own.pod != StringId{};
  const bool other_named = other.pod != StringId{};
  if (own_named && other_named) {
    return own.pod == other.pod ? Kinship::kOnePod : Kinship::kStrangers;
  }
  const auto is_pause = [](const Container& each) {
    return each.container_class == ContainerClass::kPause;
  };
  if (is_pause(own) || is_pause(other)) return Kinship::kOnePod;
  return own_named || other_named ? Kinship::kStrangers : Kinship::kOnePodIfPause;
}

// A cycle of parents would be a broken snapshot; the walk ends all the same.
bool Neighbours::IsOwnOrInside(const Container& other) const {
  const std::vector<Container>& all = view_.snapshot.containers;
  const Container* at = &other;
  for (std::size_t step = 0; step <= all.size(); ++step) {
    if (at == &view_.container) return true;
    if (!at->parent) return false;
    at = &all[*at->parent];
  }
  return false;
}

}  // namespace hullmark
