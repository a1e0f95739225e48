// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hullmark/event.h"
#include "hullmark/posture.h"

namespace hullmark {

// One control of one subject that stands otherwise than before. Of the kinds of events those of a
// control: appeared, resolved, changed severity, and unknown.
struct ControlChange {
  EventKind kind = EventKind::kViolationAppeared;
  // Indices into the findings of the subject before and after; nullopt: not judged there.
  std::optional<std::uint32_t> before{}, after{};
};

struct SubjectChange {
  // Indices into the containers of the two Postures; both nullopt for the host. A container without
  // `before` belongs to a workload that was not there; one without `after` is gone.
  std::optional<std::uint32_t> before{}, after{};
  bool added = false;  // It was not there; with `before`, it is one more of a known workload.
  std::vector<ControlChange> controls{};  // In the later report's order.
};

// Two looks at a host, and what differs. Owns both.
struct Comparison {
  Posture before{}, after{};
  SubjectChange host{};
  // One per container of `after`, in its order; then those that are gone, in the order of `before`.
  std::vector<SubjectChange> containers{};
  std::uint32_t left_out = 0;  // Containers that the later report was not asked for.
};

// The subject of a change in the earlier and the later look; nullptr where it was not there.
const PostureSubject* SubjectBefore(const Comparison& looks, const SubjectChange& change);
const PostureSubject* SubjectAfter(const Comparison& looks, const SubjectChange& change);

// Whether a change is a violation that was not there, or was less severe.
bool IsNewViolation(const Comparison& looks, const SubjectChange& subject,
                    const ControlChange& change);

}  // namespace hullmark
