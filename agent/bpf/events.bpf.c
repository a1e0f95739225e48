// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Puts a note of every process that is forked, executes or ends into a ring, from inside of the
// event; of an exec with its record: see task_event.h. Nothing can be too short-lived for it. Its
// reader is woken for what may matter only; the rest lies in the ring until it looks.
#include "fill_task.bpf.h"
//
#include <bpf/bpf_tracing.h>

#include "task_event.h"

char LICENSE[] SEC("license") = "GPL";

enum { kRingBytes = 1 << 22, kMostCgroups = 16384 };

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kRingBytes);
} ring SEC(".maps");

// Cgroups that an event came from, as far as they are remembered.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, kMostCgroups);
  __type(key, __u64);
  __type(value, __u8);
} cgroups SEC(".maps");

// By NamespaceKind, set by the reader once it knows them; 0: not known, and none is like it.
volatile unsigned int host_namespaces[kRecordNamespaces] = {};

__u64 told[kTaskTurns];
__u64 lost[kTaskTurns];  // The ring was full.
// Set when the reader is woken; it takes it back before it looks. Who is not woken by one event, as
// it was just awake, comes to it by its timer.
volatile unsigned int awake = 0;

static __always_inline int IsOfHost(const struct TaskRecord* task) {
  if (!(task->known & kKnowsNamespaces)) return 0;
  return task->namespaces[kMnt] == host_namespaces[kMnt] &&
         task->namespaces[kPid] == host_namespaces[kPid] &&
         task->namespaces[kUser] == host_namespaces[kUser] &&
         task->namespaces[kNet] == host_namespaces[kNet];
}

static __always_inline int IsNewCgroup(__u64 cgroup) {
  if (bpf_map_lookup_elem(&cgroups, &cgroup)) return 0;
  __u8 seen = 1;
  bpf_map_update_elem(&cgroups, &cgroup, &seen, BPF_ANY);
  return 1;
}

// Worth a look at once: what runs in a container, for the first time in a cgroup, or with the
// rights of somebody else.
static __always_inline int Matters(const struct TaskRecord* task) {
  return IsNewCgroup(task->cgroup) || !IsOfHost(task) || task->euid != task->uid;
}

static __noinline void FillExecutable(struct TaskEvent* event, struct task_struct* task) {
  event->executable_name[0] = 0;
  event->executable_device = 0;
  struct mm_struct* memory = task->mm;
  if (!memory) return;
  struct file* file = memory->exe_file;
  if (!file) return;
  event->executable_device = file->f_inode->i_sb->s_dev;
  // A struct mount holds the vfsmount that a path has.
  const void* mount = (void*)file->f_path.mnt - bpf_core_field_offset(struct mount, mnt);
  if (!bpf_core_read(&event->executable_mount, sizeof event->executable_mount,
                     &((const struct mount*)mount)->mnt_id)) {
    event->task.known |= kKnowsMount;
  }
  bpf_probe_read_kernel_str(event->executable_name, sizeof event->executable_name,
                            file->f_path.dentry->d_name.name);
}

static __always_inline void FillTurn(struct TaskTurn* note, unsigned int turn) {
  note->at = bpf_ktime_get_boot_ns();
  note->turn = turn;
  __sync_fetch_and_add(&told[turn], 1);
}

static __always_inline void Lose(unsigned int turn) { __sync_fetch_and_add(&lost[turn], 1); }

// A fork or an end, which wake nobody.
static __always_inline void Note(unsigned int turn, int tgid, int parent, __u64 start) {
  struct TaskTurn* note = bpf_ringbuf_reserve(&ring, sizeof *note, 0);
  if (!note) return Lose(turn);
  FillTurn(note, turn);
  note->tgid = tgid;
  note->parent = parent;
  note->start = start;
  bpf_ringbuf_submit(note, BPF_RB_NO_WAKEUP);
}

static __always_inline void TellExec(struct task_struct* task) {
  struct TaskEvent* event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
  if (!event) return Lose(kTaskExecuted);
  FillTurn(&event->turn, kTaskExecuted);
  event->turn.tgid = task->tgid;
  event->turn.parent = task->real_parent->tgid;
  event->turn.start = task->start_boottime;
  FillRecord(&event->task, task);
  FillExecutable(event, task);
  __u64 how = BPF_RB_NO_WAKEUP;
  if (Matters(&event->task) && !awake) {
    awake = 1;
    how = BPF_RB_FORCE_WAKEUP;
  }
  bpf_ringbuf_submit(event, how);
}

static __always_inline void TellExit(struct task_struct* task) {
  // The last thread of a process of a user.
  if (task->flags & kKernelThread || task->signal->live.counter != 0) return;
  Note(kTaskExited, task->tgid, task->real_parent->tgid, task->group_leader->start_boottime);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
  if (child->pid != child->tgid || child->flags & kKernelThread) return 0;
  Note(kTaskForked, child->tgid, child->real_parent->tgid, child->start_boottime);
  return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task) {
  TellExec(task);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
  TellExit(task);
  return 0;
}

// The same where a kernel refuses typed tracepoints. There the arguments are mere numbers, and only
// the task that runs is one that may be read like that.

SEC("?raw_tp/sched_process_fork")
int on_raw_fork(struct bpf_raw_tracepoint_args* context) {
  struct task_struct* child = (struct task_struct*)context->args[1];
  const int tgid = BPF_CORE_READ(child, tgid);
  if (BPF_CORE_READ(child, pid) != tgid || BPF_CORE_READ(child, flags) & kKernelThread) return 0;
  Note(kTaskForked, tgid, BPF_CORE_READ(child, real_parent, tgid),
       BPF_CORE_READ(child, start_boottime));
  return 0;
}

SEC("?raw_tp/sched_process_exec")
int on_raw_exec(void* context) {
  TellExec(bpf_get_current_task_btf());
  return 0;
}

SEC("?raw_tp/sched_process_exit")
int on_raw_exit(void* context) {
  TellExit(bpf_get_current_task_btf());
  return 0;
}
