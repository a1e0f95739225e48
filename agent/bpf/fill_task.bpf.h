/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel has of a task, put into a record: each value is what /proc shows of it to a
   reader in the first pid and user namespaces, see fs/proc/array.c. */
#pragma once

#include "kernel_types.bpf.h"
/* After the types that it needs. */
#include <bpf/bpf_helpers.h>
/* */
#include <bpf/bpf_core_read.h>

#include "task_record.h"

enum { kNewPrivs = 1, kKernelThread = 0x00200000 }; /* PFA_NO_NEW_PRIVS, PF_KTHREAD */
enum { kCore = 4, kProcesses = 6, kFiles = 7, kLockedMemory = 8 }; /* RLIMIT_* */
enum { kMnt, kPid, kNet, kIpc, kUts, kUser, kCgroup, kTime };      /* As NamespaceKind. */

static __always_inline void FillMap(struct RecordIdMap* into, const struct uid_gid_map* map) {
  into->count = map->nr_extents;
  if (into->count <= kMostRecordExtents) {
    bpf_core_read(into->extents, sizeof into->extents, &map->extent);
  }
}

static __always_inline void FillCredentials(struct TaskRecord* record, const struct cred* cred) {
  record->credentials = (__u64)cred;
  record->inheritable = *(__u64*)&cred->cap_inheritable;
  record->permitted = *(__u64*)&cred->cap_permitted;
  record->effective = *(__u64*)&cred->cap_effective;
  record->bounding = *(__u64*)&cred->cap_bset;
  record->ambient = *(__u64*)&cred->cap_ambient;
  record->uid = cred->uid.val;
  record->euid = cred->euid.val;
  record->suid = cred->suid.val;
  record->fsuid = cred->fsuid.val;
  record->gid = cred->gid.val;
  record->egid = cred->egid.val;
  record->sgid = cred->sgid.val;
  record->fsgid = cred->fsgid.val;
  record->group_count = cred->group_info->ngroups;
  if (record->group_count > 0) {
    bpf_core_read(record->groups, sizeof record->groups, &cred->group_info->gid);
  }
  struct user_namespace* space = cred->user_ns;
  record->namespaces[kUser] = space->ns.inum;
  FillMap(&record->uid_map, &space->uid_map);
  FillMap(&record->gid_map, &space->gid_map);
}

static __always_inline void FillNamespaces(struct TaskRecord* record, struct task_struct* task) {
  struct nsproxy* spaces = task->nsproxy;
  if (!spaces) return;
  record->known |= kKnowsNamespaces;
  record->namespaces[kMnt] = spaces->mnt_ns->ns.inum;
  record->namespaces[kNet] = spaces->net_ns->ns.inum;
  record->namespaces[kIpc] = spaces->ipc_ns->ns.inum;
  record->namespaces[kUts] = spaces->uts_ns->ns.inum;
  record->namespaces[kCgroup] = spaces->cgroup_ns->ns.inum;
  if (!bpf_core_field_exists(spaces->time_ns)) return;
  record->known |= kKnowsTimeNamespace;
  record->namespaces[kTime] = spaces->time_ns->ns.inum;
}

/* The number in the innermost namespace. `numbers` is longer than its type says. The size of one is
   that of every 64-bit kernel: of a product that is known no sooner Linux 6.1 knows no bounds. */
static __always_inline int ReadInnermost(struct upid* innermost, struct pid* pid) {
  void* numbers = (void*)pid + bpf_core_field_offset(struct pid, numbers);
  struct upid* place = numbers + pid->level * sizeof(struct upid);
  if (bpf_core_read(&innermost->nr, sizeof innermost->nr, &place->nr)) return 0;
  return bpf_core_read(&innermost->ns, sizeof innermost->ns, &place->ns) == 0;
}

static __always_inline void FillPid(struct TaskRecord* record, struct pid* pid) {
  record->namespaces[kPid] = 0;
  record->innermost_pid = 0;
  record->pid_level = 0;
  if (!pid) return;
  struct upid innermost;
  record->pid_level = pid->level;
  if (!ReadInnermost(&innermost, pid)) return;
  record->innermost_pid = innermost.nr;
  bpf_core_read(&record->namespaces[kPid], sizeof record->namespaces[kPid], &innermost.ns->ns.inum);
}

static __always_inline void FillLimit(struct RecordLimit* into, const struct rlimit* limit) {
  into->soft = limit->rlim_cur;
  into->hard = limit->rlim_max;
}

static __always_inline void FillSignal(struct TaskRecord* record, struct signal_struct* signal) {
  record->threads = signal->nr_threads;
  record->oom_score_adj = signal->oom_score_adj;
  FillLimit(&record->core, &signal->rlim[kCore]);
  FillLimit(&record->nproc, &signal->rlim[kProcesses]);
  FillLimit(&record->nofile, &signal->rlim[kFiles]);
  FillLimit(&record->memlock, &signal->rlim[kLockedMemory]);
  record->tty = 0;
  struct tty_struct* tty = signal->tty;
  if (!tty) return;
  unsigned int minor = tty->driver->minor_start + tty->index;
  record->tty = (minor & 0xff) | tty->driver->major << 8 | (minor & ~0xffU) << 12;
}

static __always_inline void FillImage(struct TaskRecord* record, struct mm_struct* memory) {
  if (!memory) return;
  record->known |= kKnowsImage;
  record->image[0] = memory->start_code;
  record->image[1] = memory->end_code;
  record->image[2] = memory->start_stack;
  record->image[3] = memory->start_data;
  record->image[4] = memory->end_data;
  record->image[5] = memory->start_brk;
  struct inode* executable = memory->exe_file->f_inode;
  record->executable = executable->i_ino;
  record->executable_links = executable->i_nlink;
}

static __always_inline void FillTask(struct TaskRecord* record, struct task_struct* task) {
  record->start = task->start_boottime;
  record->tid = task->pid;
  record->tgid = task->tgid;
  record->parent = task->real_parent->tgid;
  record->flags = task->flags;
  record->state = task->__state;
  record->exit_state = task->exit_state;
  record->no_new_privs = task->atomic_flags & kNewPrivs;
  record->seccomp = task->seccomp.mode;
  if (bpf_core_field_exists(task->seccomp.filter_count)) { /* Since 5.9. */
    record->seccomp_filters = task->seccomp.filter_count.counter;
  }
  record->css_set = (__u64)task->cgroups;
  record->cgroup = task->cgroups->dfl_cgrp->kn->id;
}

/* `task` has to be one that the verifier trusts. The record holds anything before. */
static __noinline void FillRecord(struct TaskRecord* record, struct task_struct* task) {
  record->known = 0;
  FillTask(record, task);
  FillCredentials(record, task->real_cred);
  FillNamespaces(record, task);
  FillPid(record, task->thread_pid);
  FillSignal(record, task->signal);
  FillImage(record, task->mm);
}
