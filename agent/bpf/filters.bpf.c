// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Copies the programs of seccomp filters, see kernel/seccomp.c, and tells which task has which.
// Nobody is stopped: a filter is never changed, and lives as long as a task that has it.
#include "kernel_types.bpf.h"
// After the types that it needs.
#include <bpf/bpf_helpers.h>
//
#include <bpf/bpf_core_read.h>

#include "filter_record.h"

enum { kFilterMode = 2 };            // SECCOMP_MODE_FILTER
enum { kAnyEntry = 0 };              // BPF_ANY
enum { kHashMap = 1, kLazily = 1 };  // BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock_fprog_kern {
  unsigned short len;
  void* filter;
};
struct bpf_prog {
  struct sock_fprog_kern* orig_prog;
};
struct action_cache {
  unsigned long allow_native[kMostNotedWords];
  unsigned long allow_compat[kMostNotedWords];
};
struct seccomp_filter {
  struct action_cache cache;
  struct seccomp_filter* prev;
  struct bpf_prog* prog;
};
#pragma clang attribute pop

char LICENSE[] SEC("license") = "GPL";

// Filters that need not be copied again, by where they and their programs are. The reader takes out
// what may have been replaced.
struct {
  __uint(type, kHashMap);
  __uint(max_entries, kMostKnownFilters);
  __uint(map_flags, kLazily);
  __type(key, __u64);
  __type(value, __u64);
} known SEC(".maps");

// Of this pass. There is one reader.
struct FilterNode nodes[kMostFilterNodes];
unsigned char chunks[kMostFilterChunks][kFilterChunkBytes];
unsigned int nodes_used = 0, chunks_used = 0;
unsigned int out_of_room = 0;  // Something was left for another pass.
unsigned int walk_on = 0;      // Behind known filters there may be others: an earlier one was left.

static __always_inline void NoteNumbers(struct FilterNode* node, struct seccomp_filter* filter) {
  node->native_words = 0;
  node->compat_words = 0;
  if (bpf_core_field_exists(filter->cache.allow_native)) {
    __u32 size = bpf_core_field_size(filter->cache.allow_native);
    if (size > sizeof node->native) size = sizeof node->native;
    if (!bpf_core_read(node->native, size, &filter->cache.allow_native)) {
      node->native_words = size / sizeof(__u64);
    }
  }
  if (bpf_core_field_exists(filter->cache.allow_compat)) {
    __u32 size = bpf_core_field_size(filter->cache.allow_compat);
    if (size > sizeof node->compat) size = sizeof node->compat;
    if (!bpf_core_read(node->compat, size, &filter->cache.allow_compat)) {
      node->compat_words = size / sizeof(__u64);
    }
  }
}

// 1: there is no room.
static __always_inline int CopyProgram(struct FilterNode* node, struct seccomp_filter* filter) {
  struct sock_fprog_kern* program = BPF_CORE_READ(filter, prog, orig_prog);
  node->instructions = 0;
  node->chunk = chunks_used;
  if (!program) return 0;
  __u32 bytes = BPF_CORE_READ(program, len) * sizeof(__u64);
  const void* from = BPF_CORE_READ(program, filter);
  if (chunks_used > kMostFilterChunks - kChunksOfLongest) return 1;
  for (__u32 done = 0, at = 0; at < kChunksOfLongest && done < bytes; at++) {
    __u32 size = bytes - done;
    if (size > kFilterChunkBytes) size = kFilterChunkBytes;
    unsigned char* to = chunks[(chunks_used + at) & (kMostFilterChunks - 1)];
    if (bpf_probe_read_kernel(to, size, from + done)) return 0;
    done += size;
  }
  node->instructions = bytes / sizeof(__u64);
  chunks_used += (bytes + kFilterChunkBytes - 1) / kFilterChunkBytes;
  return 0;
}

// Where a walk through the filters of a task is.
struct Walk {
  struct seccomp_filter* filter;
  struct FilteredTask task;
};

// One step of it; 1 where there is no other, or no need to go on.
static long CopyFilter(__u32 depth, struct Walk* walk) {
  struct seccomp_filter* filter = walk->filter;
  __u64 self = (__u64)filter;
  __u64 program = (__u64)BPF_CORE_READ(filter, prog);
  walk->filter = BPF_CORE_READ(filter, prev);
  __u64* known_program = bpf_map_lookup_elem(&known, &self);
  if (known_program && *known_program == program) return !walk_on || !walk->filter;
  __u32 at = nodes_used;
  if (at >= kMostFilterNodes) {
    out_of_room = 1;
    return 1;
  }
  struct FilterNode* node = &nodes[at];
  node->self = self;
  node->prev = (__u64)walk->filter;
  node->from = walk->task;
  node->torn = 0;
  NoteNumbers(node, filter);
  if (CopyProgram(node, filter) || bpf_map_update_elem(&known, &self, &program, kAnyEntry)) {
    out_of_room = 1;
    return 1;
  }
  nodes_used = at + 1;
  return !walk->filter;
}

static long MarkTorn(__u32 done, __u32* first) {
  __u64 at = (__u64)*first + done;
  if (at >= nodes_used || at >= kMostFilterNodes) return 1;
  nodes[at].torn = 1;
  return 0;
}

SEC("iter/task")
int write_filters(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  if (!task || task->seccomp.mode != kFilterMode) return 0;
  struct seccomp_filter* filter = task->seccomp.filter;
  if (!filter) return 0;
  if (task->pid != task->tgid && filter == task->group_leader->seccomp.filter) return 0;
  struct Walk walk = {.filter = filter,
                      .task = {.start = task->start_boottime,
                               .filter = (__u64)filter,
                               .tid = task->pid,
                               .tgid = task->tgid}};
  if (bpf_core_field_exists(task->seccomp.filter_count)) {  // Since 5.9.
    walk.task.filters = task->seccomp.filter_count.counter;
  }
  struct FilteredTask record = walk.task;
  __u32 first = nodes_used;
  bpf_loop(kMostFilterDepth, CopyFilter, &walk, 0);
  // A task lets go of its filters when it ends; what was copied after that may be anything.
  if (nodes_used != first && !BPF_CORE_READ(task, seccomp.filter)) {
    bpf_loop(kMostFilterDepth, MarkTorn, &first, 0);
  }
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}
