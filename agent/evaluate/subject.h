// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/host_mounts.h"
#include "hullmark/ids.h"
#include "hullmark/namespace_users.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What controls are judged on: a container with all its tasks, or the host. What exists and could
// not be read counts as a task too, one that every process check is unknown on. A process that has
// ended counts where it fails, and for nothing else: no container is unknown for what is gone.
class Subject {
 public:
  Subject(const Snapshot& snapshot, const NamespaceUsers& users, const HostMounts& host_mounts)
      : snapshot_(snapshot), users_(users), host_mounts_(host_mounts) {}
  Subject(const Snapshot& snapshot, const NamespaceUsers& users, const HostMounts& host_mounts,
          const Container& container);

  // How many verdicts a control has here: one per task for a process control, else one.
  std::size_t VerdictsOn(const Control& control) const {
    return control.check->scope() == Scope::kProcess ? tasks_.size() : 1;
  }

  // Where the run of verdicts ends that are the same as number `at`, because their tasks are alike.
  std::size_t EndOfRun(const Control& control, std::size_t at) const {
    return control.check->scope() == Scope::kProcess ? tasks_[at].end_of_run : 1;
  }

  // Verdict number `at`. Without `evidence` nothing is allocated.
  Verdict Ask(const Control& control, std::size_t at, EvidenceOut evidence = nullptr) const;

  // Who is meant by a line of proof of verdict number `at` that names nobody.
  struct Culprit {
    std::optional<Pid> pid{}, tid{};
  };
  Culprit Blame(const Control& control, std::size_t at, const Evidence& evidence) const;

 private:
  // Without `task`: threads of `process` that were not read; without `process` too: nothing of the
  // container was.
  struct TaskRef {
    const Member* member = nullptr;
    const Process* process = nullptr;
    const Task* task = nullptr;
    bool ended = false;                     // Nothing more can be learned of it.
    std::optional<Pid> tid = std::nullopt;  // Of a thread other than the leader.
    std::size_t end_of_run = 0;             // Of tasks that are alike.
  };

  void AddTasks(const Member& member);
  void AddEnded();
  void FindRuns();
  bool AreAlike(const TaskRef& a, const TaskRef& b) const;
  TaskView ViewOf(const TaskRef& ref) const;
  Verdict AskTask(const ProcessCheck& check, const TaskRef& ref, const Params& params,
                  EvidenceOut evidence) const;
  Verdict AskEnded(const ProcessCheck& check, const TaskRef& ref, const Params& params,
                   EvidenceOut evidence) const;
  static Evidence ProofOfUnread(const TaskRef& ref);

  const Snapshot& snapshot_;
  const NamespaceUsers& users_;
  const HostMounts& host_mounts_;
  const Container* container_ = nullptr;  // nullptr: the host.
  std::vector<Member> ended_;             // How those belong to the container that have ended.
  std::vector<TaskRef> tasks_;
};

}  // namespace hullmark
