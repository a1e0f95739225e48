// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/learned_programs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/bpf/task_event.h"
#include "agent/bpf/task_record.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTick = kSecond / 100;
// A look may miss a container; one that is gone for so long is forgotten.
constexpr std::uint64_t kForgetAfter = 600 * kSecond;

std::uint64_t StartOf(const Process& process) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / kTick;
  return std::min(std::to_underlying(process.stat.start), kMost) * kTick;
}

// An id is a claim, and may be made up again; a process and its start time are not.
ContainerIdentity KeyOf(ContainerIdentity identity) {
  if (identity.init != Pid{}) identity.id.clear();
  return identity;
}

std::size_t BytesOf(const LearnedContainer& learned) {
  std::size_t bytes = 0;
  for (const std::string& program : learned.programs) bytes += program.size();
  return bytes;
}

bool HasName(const LearnedContainer& learned, std::string_view name) {
  return std::ranges::any_of(learned.programs,
                             [&](std::string_view program) { return BaseName(program) == name; });
}

std::string_view NameOf(const TaskEvent& event) {
  if ((event.task.known & unsigned{kKnowsImage}) == 0) return {};
  const auto* const name = static_cast<const char*>(event.executable_name);
  const std::string_view whole(name, kMostExecutableName);
  return whole.substr(0, whole.find('\0'));
}

LearnedPrograms Told(const LearnedContainer& learned, StringTable& strings) {
  LearnedPrograms told{.age = learned.age,
                       .seconds = learned.seconds,
                       .complete = learned.complete,
                       .partial = learned.partial};
  for (const std::string& program : learned.programs) {
    told.programs.push_back(strings.Intern(program));
  }
  return told;
}

}  // namespace

struct ProgramLearner::Look {
  const Snapshot& snapshot;
  std::map<ContainerIdentity, std::vector<const SeenExec*>, Before> seen;  // By key of container.
  std::uint64_t at;
  std::uint32_t seconds;
};

bool ProgramLearner::Before::operator()(const ContainerIdentity& a,
                                        const ContainerIdentity& b) const {
  return std::tie(a.init, a.init_start, a.id) < std::tie(b.init, b.init_start, b.id);
}

void ProgramLearner::Learn(Snapshot& snapshot, std::span<const SeenExec> seen,
                           std::uint64_t looked_at, std::uint32_t seconds) {
  if (seconds == 0) return;
  Look look{.snapshot = snapshot, .seen = {}, .at = looked_at, .seconds = seconds};
  for (const SeenExec& one : seen) look.seen[KeyOf(one.container)].push_back(&one);
  for (Container& container : snapshot.containers) {
    Known* const known = Find(look, container);
    if (known == nullptr) continue;
    if (!known->learned.complete) Take(look, container, *known);
    known->met = looked_at;
    container.learned = Told(known->learned, snapshot.strings);
  }
  Forget(looked_at);
  looked_at_ = looked_at;
}

ProgramLearner::Known* ProgramLearner::Find(const Look& look, const Container& container) {
  ContainerIdentity identity = IdentityOf(look.snapshot, container);
  const ContainerIdentity key = KeyOf(identity);
  const auto found = known_.find(key);
  if (found != known_.end()) return &found->second;
  if (known_.size() >= kMostContainers) return nullptr;
  Known& known = known_[key];
  known.learned.container = std::move(identity);
  BeginNow(look, container, known.learned);
  if (!container.init) return &known;
  const std::uint64_t start = StartOf(look.snapshot.At(*container.init));
  if (looked_at_ && start >= *looked_at_) {
    known.learned.age = 0;
    known.learned.began = start;
    known.met = *looked_at_;  // Nothing of it was missed.
  }
  return &known;
}

void ProgramLearner::BeginNow(const Look& look, const Container& container,
                              LearnedContainer& learned) {
  changed_ = true;
  learned.began = look.at;
  learned.age.reset();
  if (!container.init) return;
  const std::uint64_t start = StartOf(look.snapshot.At(*container.init));
  learned.age = static_cast<std::uint32_t>((look.at - std::min(start, look.at)) / kSecond);
}

void ProgramLearner::Take(const Look& look, const Container& container, Known& known) {
  LearnedContainer& learned = known.learned;
  learned.seconds = look.seconds;
  const std::uint64_t end = learned.began + look.seconds * kSecond;
  const bool over = look.at >= end;
  // Who began in time may run something else by now: the look that ends the learning takes him if
  // the one before was not long ago, and met the container.
  const bool soon = look.at - std::min(known.met, look.at) <= look.seconds * kSecond;
  if (!over) {
    TakeMembers(look, container, ~std::uint64_t{0}, learned);
  } else if (known.met == looked_at_ && soon) {
    TakeMembers(look, container, end, learned);
  }
  const auto seen = look.seen.find(KeyOf(IdentityOf(look.snapshot, container)));
  if (seen != look.seen.end()) {
    for (const SeenExec* const one : seen->second) {
      if (one->event.turn.at < end) Add(learned, NameOf(one->event));
    }
  }
  changed_ |= over;
  learned.complete = over;
  // Looks that came too late have learned nothing, and nothing is no baseline.
  if (over && learned.programs.empty() && !learned.partial) {
    BeginNow(look, container, learned);
    TakeMembers(look, container, ~std::uint64_t{0}, learned);
    learned.complete = false;
  }
}

void ProgramLearner::TakeMembers(const Look& look, const Container& container,
                                 std::uint64_t begun_before, LearnedContainer& learned) {
  for (const Member& member : container.members) {
    const Process& process = look.snapshot.At(member.process);
    if (StartOf(process) >= begun_before) continue;
    if (process.executable) {
      Add(learned, PathOf(look.snapshot, look.snapshot.At(*process.executable)));
    } else if (process.executable.error().code == ErrorCode::kDenied) {
      MarkPartial(learned);
    }
  }
}

void ProgramLearner::Add(LearnedContainer& learned, std::string_view program) {
  const bool name = !program.contains('/');
  if (program.empty() || learned.programs.contains(program)) return;
  if (name && HasName(learned, program)) return;
  if (learned.programs.size() >= LearnedContainer::kMostPrograms ||
      BytesOf(learned) + program.size() > LearnedContainer::kMostBytes) {
    return MarkPartial(learned);
  }
  const auto bare = learned.programs.find(BaseName(program));
  if (bare != learned.programs.end()) learned.programs.erase(bare);
  learned.programs.emplace(program);
  changed_ = true;
}

void ProgramLearner::MarkPartial(LearnedContainer& learned) {
  changed_ |= !learned.partial;
  learned.partial = true;
}

void ProgramLearner::Forget(std::uint64_t now) {
  for (auto& [key, known] : known_) {
    if (known.met == 0) known.met = now;  // Of an earlier life of the agent.
  }
  const std::size_t gone = std::erase_if(known_, [now](const auto& entry) {
    return now - std::min(entry.second.met, now) > kForgetAfter;
  });
  changed_ |= gone != 0;
}

void ProgramLearner::Restore(std::vector<LearnedContainer> learned) {
  for (LearnedContainer& one : learned) {
    const ContainerIdentity key = KeyOf(one.container);
    known_.insert_or_assign(key, Known{.learned = std::move(one)});
  }
}

std::vector<LearnedContainer> ProgramLearner::learned() const {
  std::vector<LearnedContainer> all;
  for (const auto& [key, known] : known_) all.push_back(known.learned);
  return all;
}

bool ProgramLearner::TakeChanged() { return std::exchange(changed_, false); }

}  // namespace hullmark
