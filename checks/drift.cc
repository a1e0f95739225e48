// SPDX-License-Identifier: Apache-2.0
#include "checks/drift.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/identity.h"
#include "checks/labels.h"
#include "checks/verdicts.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// A task, the init it is measured against, and the status of both.
struct Pair {
  const TaskView& view;
  const Task& init;
  const ProcStatus& mine;
  const ProcStatus& inits;
};

// Whether the task's capabilities rule a user namespace that was made inside the container: a set
// that fills up there is no gain. One that joined from outside may be in a parent of the
// container's instead, so for it the sets are compared as they are.
Fact<bool> RulesNestedNamespace(const Pair& pair) {
  if (pair.view.member.joined) return false;
  const Fact<NamespaceInode> mine = pair.view.task.namespaces[NamespaceKind::kUser];
  const Fact<NamespaceInode> inits = pair.init.namespaces[NamespaceKind::kUser];
  if (mine && mine == inits) return false;
  if (KernelLacks(pair.view.snapshot.host, NamespaceKind::kUser)) return false;
  if (!inits) return std::unexpected(inits.error());
  const Fact<bool> initial = InInitialUserNamespace(pair.view.snapshot, pair.view.task);
  if (!initial) return std::unexpected(initial.error());
  return !*initial;
}

Verdict CompareCaps(const Pair& pair, std::string_view line, CapSet mine, EvidenceOut out) {
  const CapSet excess = KnownCaps(pair.view.snapshot.host, mine - pair.inits.bounding);
  if (excess.empty()) return Pass();
  const Fact<bool> nested = RulesNestedNamespace(pair);
  if (!nested) return Unknown(out, LinkOf(NamespaceKind::kUser), nested.error());
  if (*nested) return Pass();
  return Fail(out, "status", [&] {
    return std::string(line) + " has " + ToText(excess) + ", init's CapBnd has not";
  });
}

Verdict CompareBounding(const Pair& pair, EvidenceOut out) {
  return CompareCaps(pair, "CapBnd", pair.mine.bounding, out);
}

// With init's bounding set, not its permitted one: images that drop to a service user run their
// health checks as root all the same.
Verdict ComparePermitted(const Pair& pair, EvidenceOut out) {
  return CompareCaps(pair, "CapPrm", pair.mine.permitted, out);
}

Verdict CompareNoNewPrivs(const Pair& pair, EvidenceOut out) {
  const std::optional<bool> mine = pair.mine.no_new_privs;
  const std::optional<bool> inits = pair.inits.no_new_privs;
  if (mine == true || inits == false) return Pass();
  if (!mine || !inits) return Unknown(out, "status", "no NoNewPrivs line");
  return Fail(out, "status", "NoNewPrivs is 0, init's is 1");
}

std::string Number(std::integral auto value) { return std::to_string(value); }

Verdict CompareSeccompMode(const Pair& pair, EvidenceOut out) {
  const std::optional<SeccompMode> mine = pair.mine.seccomp;
  const std::optional<SeccompMode> inits = pair.inits.seccomp;
  if (inits == SeccompMode::kOff || (mine && mine != SeccompMode::kOff)) return Pass();
  if (mine && inits) {
    return Fail(out, "status", [&] {
      return "Seccomp is 0 (off), init's is " + Number(std::to_underlying(*inits));
    });
  }
  const Fact<bool>& available = pair.view.snapshot.host.seccomp_filter_available;
  if (available && !*available) return Pass();
  return Unknown(out, "status", "no Seccomp line");
}

Verdict CompareFilterCount(const Pair& pair, EvidenceOut out) {
  if (pair.inits.seccomp == SeccompMode::kOff) return Pass();
  const std::optional<std::uint16_t> mine = pair.mine.seccomp_filters;
  const std::optional<std::uint16_t> inits = pair.inits.seccomp_filters;
  if (inits == 0U) return Pass();
  if (!mine || !inits) return Unknown(out, "status", "no Seccomp_filters line");
  if (*mine >= *inits) return Pass();
  return Fail(out, "status", [&] {
    return "Seccomp_filters is " + Number(*mine) + ", init's is " + Number(*inits);
  });
}

Verdict CompareLabel(const Pair& pair, EvidenceOut out) {
  constexpr std::string_view kFile = "attr/current";
  const Snapshot& snapshot = pair.view.snapshot;
  const Fact<LabelIndex>& mine = pair.view.task.label;
  const Fact<LabelIndex>& inits = pair.init.label;
  const auto unlabelled = [](const Fact<LabelIndex>& label) {
    return !label && label.error().code == ErrorCode::kUnsupported;
  };
  if (unlabelled(mine) && unlabelled(inits)) return Pass();
  if (!mine) return Unknown(out, kFile, mine.error());
  if (!inits) return Unknown(out, kFile, inits.error());
  const Label& my_label = snapshot.At(*mine);
  const Label& inits_label = snapshot.At(*inits);
  if (my_label == inits_label) return Pass();
  const std::optional<int> my_hold = Tightness(snapshot, my_label);
  const std::optional<int> inits_hold = Tightness(snapshot, inits_label);
  if (!my_hold || !inits_hold || my_label.module != inits_label.module) {
    return Unknown(out, kFile, "label and init's cannot be compared");
  }
  if (*my_hold >= *inits_hold) return Pass();
  return Fail(out, kFile, [&] {
    return "label is " + Cut(snapshot.Text(my_label.text)) + ", init's is " +
           Cut(snapshot.Text(inits_label.text));
  });
}

Verdict CompareNamespace(const Pair& pair, NamespaceKind kind, EvidenceOut out) {
  const Fact<NamespaceInode> mine = pair.view.task.namespaces[kind];
  const Fact<NamespaceInode> inits = pair.init.namespaces[kind];
  if (mine && mine == inits) return Pass();
  if (KernelLacks(pair.view.snapshot.host, kind)) return Pass();
  if (!inits) return Unknown(out, LinkOf(kind), inits.error());
  const Fact<bool> host = InHostNamespace(pair.view.snapshot, pair.view.task, kind);
  if (!host) return Unknown(out, LinkOf(kind), host.error());
  if (!*host) return Pass();
  return Fail(out, LinkOf(kind),
              [&] { return ToText(kind, *mine) + " is the host's, init's is not"; });
}

Verdict CompareNamespaces(const Pair& pair, EvidenceOut out) {
  Verdict verdict = Pass();
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    verdict = Worse(verdict, CompareNamespace(pair, static_cast<NamespaceKind>(at), out));
  }
  return verdict;
}

struct Part {
  std::string_view name;
  Verdict (*compare)(const Pair&, EvidenceOut);
};

constexpr Part kParts[] = {
    {"bounding", CompareBounding},     {"permitted", ComparePermitted}, {"nnp", CompareNoNewPrivs},
    {"seccomp", CompareSeccompMode},   {"filters", CompareFilterCount}, {"lsm", CompareLabel},
    {"namespaces", CompareNamespaces},
};

static_assert(std::ranges::equal(kParts, kComparable, {}, &Part::name));

// Health checks and administrators do this: worth a word, not a finding.
bool IsRootBesideOtherInit(const Pair& pair) {
  if (pair.mine.uid == pair.inits.uid) return false;
  const Fact<InsideIds> mine = UidsInside(pair.view.snapshot, pair.view.task);
  const Fact<InsideIds> inits = UidsInside(pair.view.snapshot, pair.init);
  return mine && inits && HasRoot(*mine) && !HasRoot(*inits);
}

Verdict CompareParts(const Pair& pair, const std::vector<std::string>& parts, EvidenceOut out) {
  Verdict verdict = NotApplicable("the benchmark compares nothing");
  for (const std::string& name : parts) {
    const auto part = std::ranges::find(kParts, std::string_view(name), &Part::name);
    if (part == std::end(kParts)) return Unknown(out, "", "the benchmark names no such part");
    verdict = Worse(verdict, part->compare(pair, out));
  }
  if (verdict.outcome == Outcome::kPass && IsRootBesideOtherInit(pair)) {
    verdict.note = "root beside an init that is not";
  }
  return verdict;
}

}  // namespace

Verdict CompareWithInit(const TaskView& view, const std::vector<std::string>& parts,
                        EvidenceOut out) {
  if (!view.task.status) return Unknown(out, "status", view.task.status.error());
  if (!view.container.init) return Unknown(out, "", "the container's init could not be told");
  const Process& init = view.snapshot.At(*view.container.init);
  if (&view.task == &init.leader) return Pass();
  if (!init.leader.status) {
    const Verdict verdict = Unknown(out, "status", init.leader.status.error());
    if (out != nullptr) out->back().pid = init.pid;
    return verdict;
  }
  const Pair pair = {
      .view = view, .init = init.leader, .mine = *view.task.status, .inits = *init.leader.status};
  return CompareParts(pair, parts, out);
}

}  // namespace hullmark
