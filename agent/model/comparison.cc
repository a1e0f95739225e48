// SPDX-License-Identifier: Apache-2.0
#include "hullmark/comparison.h"

#include "hullmark/event.h"
#include "hullmark/posture.h"

namespace hullmark {

const PostureSubject* SubjectBefore(const Comparison& looks, const SubjectChange& change) {
  if (change.before) return &looks.before.containers[*change.before].subject;
  return change.after ? nullptr : &looks.before.machine;
}

const PostureSubject* SubjectAfter(const Comparison& looks, const SubjectChange& change) {
  if (change.after) return &looks.after.containers[*change.after].subject;
  return change.before ? nullptr : &looks.after.machine;
}

bool IsNewViolation(const Comparison& looks, const SubjectChange& subject,
                    const ControlChange& change) {
  if (change.kind == EventKind::kViolationAppeared) return true;
  if (change.kind != EventKind::kViolationChanged) return false;
  const PostureSubject* const before = SubjectBefore(looks, subject);
  const PostureSubject* const after = SubjectAfter(looks, subject);
  return after->findings[*change.after].severity > before->findings[*change.before].severity;
}

}  // namespace hullmark
