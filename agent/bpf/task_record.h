/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel program writes per task and its reader takes apart: the same layout on both
   sides, C for the one and C++ for the other, without padding. */
#pragma once

#ifdef __cplusplus
namespace hullmark {
#endif

enum {
  kMostRecordGroups = 16,
  kMostRecordExtents = 5, /* UID_GID_MAP_MAX_BASE_EXTENTS: more lie elsewhere. */
  kRecordImage = 6,
  kRecordNamespaces = 8,
};

/* Bits of TaskRecord.known: what this task has, and this kernel. */
enum {
  kKnowsNamespaces = 1, /* Not of a task that has all but ended. */
  kKnowsTimeNamespace = 2,
  kKnowsImage = 4, /* It has memory of its own. */
};

struct RecordExtent {
  unsigned int inside, outside, count;
};

struct RecordIdMap {
  unsigned int count; /* Past kMostRecordExtents none is here. */
  struct RecordExtent extents[kMostRecordExtents];
};

struct RecordLimit {
  unsigned long long soft, hard;
};

struct TaskRecord {
  unsigned long long start; /* Nanoseconds since boot. */
  unsigned long long inheritable, permitted, effective, bounding, ambient;
  unsigned long long cgroup;  /* Of the v2 hierarchy: its id. */
  unsigned long long css_set; /* A number for where it is in all hierarchies. */
  /* A number for its struct cred, which nobody changes: another one is put in its place. */
  unsigned long long credentials;
  /* Fields 26-28 and 45-47 of /proc/PID/stat, in that order. */
  unsigned long long image[kRecordImage];
  unsigned long long executable; /* Inode, as its file system numbers it inside the kernel. */
  struct RecordLimit nofile, nproc, core, memlock;
  int tid, tgid, parent;
  unsigned int uid, euid, suid, fsuid;
  unsigned int gid, egid, sgid, fsgid;
  int innermost_pid;
  unsigned int pid_level; /* 0: the first pid namespace. */
  unsigned int threads;
  unsigned int flags; /* PF_* */
  unsigned int tty;   /* As field 7 of /proc/PID/stat. */
  unsigned int state, exit_state;
  unsigned int no_new_privs, seccomp, seccomp_filters;
  unsigned int executable_links;
  int oom_score_adj;
  unsigned int namespaces[kRecordNamespaces]; /* By NamespaceKind. */
  unsigned int known;
  unsigned int group_count; /* Of more than kMostRecordGroups the first are here. */
  unsigned int groups[kMostRecordGroups];
  struct RecordIdMap uid_map, gid_map; /* Of the user namespace. */
};

#ifdef __cplusplus
}  // namespace hullmark
#endif
