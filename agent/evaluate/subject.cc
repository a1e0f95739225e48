// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/subject.h"

#include <cassert>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/host_mounts.h"
#include "hullmark/namespace_users.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
Subject::Subject(const Snapshot& snapshot, const NamespaceUsers& users,
                 const HostMounts& host_mounts, const Container& container)
    : snapshot_(snapshot), users_(users), host_mounts_(host_mounts), container_(&container) {
  tasks_.reserve(container.members.size());
  for (const Member& member : container.members) AddTasks(member);
  if (tasks_.empty()) tasks_.emplace_back();
  AddEnded();
  FindRuns();
}

void Subject::AddTasks(const Member& member) {
  const Process& process = snapshot_.At(member.process);
  const TaskRef leader = {.member = &member, .process = &process, .task = &process.leader};
  tasks_.push_back(leader);
  for (const Thread& thread : RecordedThreads(snapshot_, member.process)) {
    tasks_.push_back(
        {.member = &member, .process = &process, .task = &thread.task, .tid = thread.tid});
  }
  if (process.threads_unread > 0) tasks_.push_back({.member = &member, .process = &process});
}

void Subject::AddEnded() {
  ended_.reserve(container_->ended.size());  // They are referred to.
  for (const EndedProcess& ended : container_->ended) {
    ended_.push_back({.joined = ended.joined});
    tasks_.push_back({.member = &ended_.back(),
                      .process = &ended.process,
                      .task = &ended.process.leader,
                      .ended = true});
  }
}

Verdict Subject::Ask(const Control& control, std::size_t at, EvidenceOut evidence) const {
  const auto& evaluate = control.check->evaluate;
  if (const auto* process = std::get_if<ProcessCheck>(&evaluate)) {
    return AskTask(*process, tasks_[at], control.params, evidence);
  }
  if (const auto* host = std::get_if<HostCheck>(&evaluate)) {
    return (*host)(snapshot_, control.params, evidence);
  }
  assert(container_ != nullptr);
  return std::get<ContainerCheck>(evaluate)({.snapshot = snapshot_,
                                             .users = users_,
                                             .host_mounts = host_mounts_,
                                             .container = *container_},
                                            control.params, evidence);
}

TaskView Subject::ViewOf(const TaskRef& ref) const {
  return {.snapshot = snapshot_,
          .container = *container_,
          .member = *ref.member,
          .process = *ref.process,
          .task = *ref.task};
}

bool Subject::AreAlike(const TaskRef& a, const TaskRef& b) const {
  return a.task != nullptr && b.task != nullptr && a.ended == b.ended &&
         Alike(ViewOf(a), ViewOf(b));
}

void Subject::FindRuns() {
  std::size_t end = tasks_.size();
  for (std::size_t at = tasks_.size(); at-- > 0;) {
    tasks_[at].end_of_run = end;
    if (at > 0 && !AreAlike(tasks_[at - 1], tasks_[at])) end = at;
  }
}

Verdict Subject::AskTask(const ProcessCheck& check, const TaskRef& ref, const Params& params,
                         EvidenceOut evidence) const {
  if (ref.ended) return AskEnded(check, ref, params, evidence);
  if (ref.task != nullptr) return check(ViewOf(ref), params, evidence);
  if (evidence != nullptr) evidence->push_back(ProofOfUnread(ref));
  return {.outcome = Outcome::kUnknown};
}

Verdict Subject::AskEnded(const ProcessCheck& check, const TaskRef& ref, const Params& params,
                          EvidenceOut evidence) const {
  const std::size_t before = evidence != nullptr ? evidence->size() : 0;
  const Verdict verdict = check(ViewOf(ref), params, evidence);
  if (verdict.outcome == Outcome::kFail) return verdict;
  if (evidence != nullptr) evidence->resize(before);
  return {.outcome = Outcome::kNotApplicable};
}

Evidence Subject::ProofOfUnread(const TaskRef& ref) {
  if (ref.process == nullptr) return {.fact = "no process of the container could be read"};
  const auto count = ref.process->threads_unread;
  return {
      .source = "task",
      .fact = std::to_string(count) + (count == 1 ? " thread" : " threads") + " could not be read"};
}

// A container check that names a file of a process means the container's init.
Subject::Culprit Subject::Blame(const Control& control, std::size_t at,
                                const Evidence& evidence) const {
  if (control.check->scope() == Scope::kProcess) {
    const TaskRef& ref = tasks_[at];
    if (ref.process == nullptr) return {};
    return {.pid = ref.process->pid, .tid = ref.tid};
  }
  const bool inits = IsOfProcess(evidence) && container_ != nullptr && container_->init;
  if (!inits) return {};
  return {.pid = snapshot_.At(*container_->init).pid};
}

}  // namespace hullmark
