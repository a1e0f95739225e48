// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Writes a record of every task: see task_record.h.
#include "fill_task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

// Tasks that are no process of a user. Threads of the kernel write nothing, so none is asked for
// twice.
unsigned int kernel_threads = 0;

// Larger than the stack. There is one reader.
static struct TaskRecord record;

// What a thread shares with its leader says nothing new of it.
static __always_inline int IsAsLeader(struct task_struct* task) {
  struct task_struct* leader = task->group_leader;
  return task->real_cred == leader->real_cred && task->nsproxy == leader->nsproxy &&
         task->cgroups == leader->cgroups && task->seccomp.mode == leader->seccomp.mode &&
         task->seccomp.filter == leader->seccomp.filter &&
         (task->atomic_flags & kNewPrivs) == (leader->atomic_flags & kNewPrivs);
}

SEC("iter/task")
int write_tasks(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task) return 0;
  if (task->flags & kKernelThread) {
    kernel_threads++;
    return 0;
  }
  if (task->pid != task->tgid && IsAsLeader(task)) return 0;
  FillRecord(&record, task);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}
