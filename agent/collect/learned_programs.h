// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/event_facts.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What one container was seen to run while that was taken for its own.
struct LearnedContainer {
  static constexpr std::size_t kMostPrograms = 256;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 10;  // Of their texts.

  ContainerIdentity container{};
  std::uint64_t began = 0;             // Of the learning, in nanoseconds since boot.
  std::optional<std::uint32_t> age{};  // As LearnedPrograms, and so are the next three.
  std::uint32_t seconds = 0;
  bool complete = false;
  bool partial = false;
  std::set<std::string, std::less<>> programs{};

  friend bool operator==(const LearnedContainer&, const LearnedContainer&) = default;
};

// Learns what containers run, each in the first so many seconds of its life, or after the first
// look at it where it is older than the looks or they all came later than that: then what it did
// before is not known. What is learned is paths of executables, of programs that no look met the
// names that the kernel told; a name gives way to a path that ends with it. A container is known by
// its init (pid and start time), and where that cannot be told by its id: names are claims.
class ProgramLearner {
 public:
  static constexpr std::size_t kMostContainers = 16'384;

  // Takes what a look found and what was `seen` since the one before, and puts what is known into
  // the look's containers. `looked_at`: when it began, in nanoseconds since boot. `seconds`: how
  // long containers are learned; 0: nothing is learned or told.
  void Learn(Snapshot& snapshot, std::span<const SeenExec> seen, std::uint64_t looked_at,
             std::uint32_t seconds);

  // What an earlier life of the agent has learned, in this life of the host.
  void Restore(std::vector<LearnedContainer> learned);
  std::vector<LearnedContainer> learned() const;

  // Whether there is something new since it was asked last.
  bool TakeChanged();

 private:
  struct Known {
    LearnedContainer learned{};
    std::uint64_t met = 0;  // The last look that found it, in nanoseconds since boot.
  };
  struct Before {
    bool operator()(const ContainerIdentity& a, const ContainerIdentity& b) const;
  };
  struct Look;

  Known* Find(const Look& look, const Container& container);
  void BeginNow(const Look& look, const Container& container, LearnedContainer& learned);
  void Take(const Look& look, const Container& container, Known& known);
  void TakeMembers(const Look& look, const Container& container, std::uint64_t begun_before,
                   LearnedContainer& learned);
  void Add(LearnedContainer& learned, std::string_view program);
  void MarkPartial(LearnedContainer& learned);
  void Forget(std::uint64_t now);

  std::map<ContainerIdentity, Known, Before> known_;
  std::optional<std::uint64_t> looked_at_{};  // The look before.
  bool changed_ = false;
};

}  // namespace hullmark
