// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Kills a process of a known cgroup that executes with what is forbidden there, or a forbidden
// program: its new credentials are in force, its first instruction has not run. Each is told
// through a ring, and what cannot be told is not done.
// Of this header only what it takes to judge.
#pragma clang diagnostic ignored "-Wunused-function"
#include "fill_task.bpf.h"
//
#include <bpf/bpf_tracing.h>

#include "exec_ban.h"

char LICENSE[] SEC("license") = "GPL";

enum { kRingBytes = 1 << 20, kTries = 8, kSpared = -997, kSigkill = 9 };
enum { kPretended, kEnforced, kModes };

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kRingBytes);
} told SEC(".maps");

// By the id of a cgroup of the v2 hierarchy.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kMostBanCgroups);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u64);
  __type(value, struct ExecBans);
} bans SEC(".maps");

// The host's mount namespace; 0: not known, and then nobody is judged. Whoever enters a container
// from the host executes a runtime's helper in it first, which is no part of it.
volatile unsigned int host_mounts = 0;

// Of what may be done, by mode: how much was, and how much may have been in all. The reader raises
// the second by what it knows of the first, so that neither has to wait for the other.
__u64 turns_taken[kModes], places_taken[kModes];
volatile __u64 turns_allowed[kModes], places_allowed[kModes];
// Which modes have had to do with a container; by ExecBans.place.
unsigned int admitted[kMostBanCgroups];
// That a budget is spent was told. The reader takes it back when it allows more.
volatile unsigned int refused[kModes];
// Nanoseconds since boot: what was forbidden by a picture that is too old is so no more, even if
// whoever should have said so hangs.
volatile __u64 until = 0;
__u64 lost;  // The ring was full, and so nothing was done.

static __always_inline int Take(__u64* taken, __u64 allowed) {
  for (int tries = 0; tries < kTries; ++tries) {
    __u64 before = *(volatile __u64*)taken;
    if (before >= allowed) return 0;
    if (__sync_val_compare_and_swap(taken, before, before + 1) == before) return 1;
  }
  return 0;
}

static __always_inline int IsSame(unsigned int own, unsigned int of_task) {
  return own != 0 && own == of_task;
}

static __always_inline unsigned int PidNamespaceOf(struct pid* pid) {
  struct upid innermost;
  unsigned int number = 0;
  if (pid && ReadInnermost(&innermost, pid)) {
    bpf_core_read(&number, sizeof number, &innermost.ns->ns.inum);
  }
  return number;
}

static __always_inline int SharesOwn(struct task_struct* task, struct nsproxy* spaces,
                                     const unsigned int* own) {
  if (IsSame(own[kMnt], spaces->mnt_ns->ns.inum)) return 1;
  if (IsSame(own[kNet], spaces->net_ns->ns.inum)) return 1;
  if (IsSame(own[kIpc], spaces->ipc_ns->ns.inum)) return 1;
  if (IsSame(own[kUts], spaces->uts_ns->ns.inum)) return 1;
  if (IsSame(own[kCgroup], spaces->cgroup_ns->ns.inum)) return 1;
  if (IsSame(own[kUser], task->real_cred->user_ns->ns.inum)) return 1;
  return IsSame(own[kPid], PidNamespaceOf(task->thread_pid));
}

static __always_inline int Spares(struct task_struct* task, const struct ExecBans* all) {
  struct nsproxy* spaces = task->nsproxy;
  if (!spaces || !host_mounts || spaces->mnt_ns->ns.inum == host_mounts) return 1;
  return task->signal->oom_score_adj <= kSpared || !SharesOwn(task, spaces, all->own);
}

// Whose 0 it is; maps of more extents than lie in the structure tell nothing here.
static __always_inline int RootOf(const struct uid_gid_map* map, unsigned int* root) {
  struct RecordIdMap read = {};
  FillMap(&read, map);
  int found = 0;
  for (unsigned int at = 0; at < kMostRecordExtents; ++at) {
    const struct RecordExtent* extent = &read.extents[at];
    if (read.count > kMostRecordExtents || at >= read.count) break;
    if (extent->inside != 0 || extent->count == 0) continue;
    *root = extent->outside;
    found = 1;
  }
  return found;
}

static __always_inline void FillFacts(struct ExecFacts* facts, struct task_struct* task) {
  const struct cred* cred = task->real_cred;
  facts->effective = *(__u64*)&cred->cap_effective;
  facts->permitted = *(__u64*)&cred->cap_permitted;
  facts->ambient = *(__u64*)&cred->cap_ambient;
  facts->uid.real = cred->uid.val;
  facts->uid.effective = cred->euid.val;
  facts->uid.saved = cred->suid.val;
  facts->uid.fs = cred->fsuid.val;
  facts->gid.real = cred->gid.val;
  facts->gid.effective = cred->egid.val;
  facts->gid.saved = cred->sgid.val;
  facts->gid.fs = cred->fsgid.val;
  struct user_namespace* space = cred->user_ns;
  if (RootOf(&space->uid_map, &facts->root)) facts->known |= kKnowsRoot;
  if (RootOf(&space->gid_map, &facts->root_group)) facts->known |= kKnowsRootGroup;
  facts->links = 1;
  if (task->mm) facts->links = task->mm->exe_file->f_inode->i_nlink;
}

static __always_inline int IsWithinBudget(struct BannedExec* event, const struct ExecBans* all,
                                          unsigned int mode) {
  unsigned int* admission = &admitted[all->place & (kMostBanCgroups - 1)];
  if (!Take(&turns_taken[mode], turns_allowed[mode])) return 0;
  event->what |= kTookTurn;
  if (*(volatile unsigned int*)admission & 1U << mode) return 1;
  if (!Take(&places_taken[mode], places_allowed[mode])) return 0;
  event->what |= kTookPlace;
  __sync_fetch_and_or(admission, 1U << mode);
  return 1;
}

static __always_inline void Stop(struct task_struct* task, __u64 cgroup, const struct ExecBans* all,
                                 const struct ExecBan* ban, const struct ExecFacts* facts) {
  struct BannedExec* event = bpf_ringbuf_reserve(&told, sizeof *event, 0);
  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return;
  }
  event->start = task->start_boottime;
  event->cgroup = cgroup;
  event->ban = ban->id;
  event->what = 0;
  event->tgid = task->tgid;
  event->error = 0;
  event->facts = *facts;
  event->name[0] = 0;
  if (task->mm) {
    bpf_probe_read_kernel_str(event->name, sizeof event->name,
                              task->mm->exe_file->f_path.dentry->d_name.name);
  }
  unsigned int mode = ban->flags & kBanEnforced ? kEnforced : kPretended;
  if (IsWithinBudget(event, all, mode)) {
    event->what |= kBanApplied;
    if (mode == kEnforced) event->error = bpf_send_signal(kSigkill);
  } else if (!event->what && __sync_lock_test_and_set((unsigned int*)&refused[mode], 1)) {
    bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
    return;
  }
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void Judge(struct task_struct* task) {
  __u64 cgroup = task->cgroups->dfl_cgrp->kn->id;
  const struct ExecBans* all = bpf_map_lookup_elem(&bans, &cgroup);
  if (!all || Spares(task, all) || bpf_ktime_get_boot_ns() > until) return;
  struct ExecFacts facts = {};
  FillFacts(&facts, task);
  for (unsigned int at = 0; at < kMostExecBans; ++at) {
    if (at >= all->count) return;
    if (Forbids(&all->bans[at], &facts)) return Stop(task, cgroup, all, &all->bans[at], &facts);
  }
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_banned, struct task_struct* task) {
  Judge(task);
  return 0;
}

// The same where a kernel refuses typed tracepoints, as in events.bpf.c.
SEC("?raw_tp/sched_process_exec")
int on_raw_banned(void* context) {
  Judge(bpf_get_current_task_btf());
  return 0;
}
