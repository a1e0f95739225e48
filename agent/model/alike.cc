// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

bool IsInit(const TaskView& view) {
  return view.container.init && &view.task == &view.snapshot.At(*view.container.init).leader;
}

bool IsLeader(const TaskView& view) { return &view.task == &view.process.leader; }

bool AreAlike(const Task& a, const Task& b) {
  Task like = a;
  if (like.status && b.status) {
    like.status->innermost_pid = b.status->innermost_pid;
    like.status->threads = b.status->threads;
  }
  return like == b;
}

bool AreAlike(const Process& a, const Process& b) {
  return a.executable == b.executable && a.rlimits == b.rlimits && a.stdio == b.stdio &&
         a.invocation == b.invocation && a.oom_score_adj == b.oom_score_adj &&
         a.stat.tty == b.stat.tty && a.stat.flags == b.stat.flags;
}

}  // namespace

bool PrecedesInit(const TaskView& view) {
  if (!view.container.init) return false;
  const Process& init = view.snapshot.At(*view.container.init);
  return std::tie(view.process.stat.start, view.process.pid) <= std::tie(init.stat.start, init.pid);
}

bool Alike(const TaskView& a, const TaskView& b) {
  return a.member.joined == b.member.joined && a.member.outside_cgroup == b.member.outside_cgroup &&
         IsInit(a) == IsInit(b) && IsLeader(a) == IsLeader(b) &&
         PrecedesInit(a) == PrecedesInit(b) && AreAlike(a.process, b.process) &&
         AreAlike(a.task, b.task);
}

}  // namespace hullmark
