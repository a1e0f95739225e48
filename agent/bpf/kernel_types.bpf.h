/* SPDX-License-Identifier: Apache-2.0 */
/* The members of the kernel's structures that are read, and no others: libbpf finds where each lies
   in the kernel that runs (CO-RE), so order, size and what is left out do not matter. */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  unsigned int val;
} kuid_t;
typedef struct {
  unsigned int val;
} kgid_t;

/* Two 32-bit words before 6.3, one of 64 bits since: the same bytes, read as a whole. */
struct kernel_cap___any {
  __u64 val;
};

struct ns_common {
  unsigned int inum;
};

struct uid_gid_extent {
  unsigned int first, lower_first, count;
};
struct uid_gid_map {
  struct uid_gid_extent extent[5];
  unsigned int nr_extents;
};
struct user_namespace {
  struct uid_gid_map uid_map, gid_map;
  struct ns_common ns;
};

struct pid_namespace {
  struct ns_common ns;
};
struct mnt_namespace {
  struct ns_common ns;
};
struct net {
  struct ns_common ns;
};
struct ipc_namespace {
  struct ns_common ns;
};
struct uts_namespace {
  struct ns_common ns;
};
struct time_namespace {
  struct ns_common ns;
};
struct cgroup_namespace {
  struct ns_common ns;
};
struct nsproxy {
  struct uts_namespace* uts_ns;
  struct ipc_namespace* ipc_ns;
  struct mnt_namespace* mnt_ns;
  struct net* net_ns;
  struct time_namespace* time_ns;
  struct cgroup_namespace* cgroup_ns;
};

struct upid {
  int nr;
  struct pid_namespace* ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[1];
};

struct group_info {
  int ngroups;
  kgid_t gid[1];
};
struct cred {
  kuid_t uid, suid, euid, fsuid;
  kgid_t gid, sgid, egid, fsgid;
  struct kernel_cap___any cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
  struct user_namespace* user_ns;
  struct group_info* group_info;
};

struct seccomp_filter;
struct seccomp {
  int mode;
  struct {
    int counter;
  } filter_count;
  struct seccomp_filter* filter;
};

struct kernfs_node {
  __u64 id;
};
struct cgroup {
  struct kernfs_node* kn;
};
struct css_set {
  struct cgroup* dfl_cgrp;
};

struct tty_driver {
  int major, minor_start;
};
struct tty_struct {
  struct tty_driver* driver;
  int index;
};

struct rlimit {
  unsigned long rlim_cur, rlim_max;
};
struct signal_struct {
  struct {
    int counter;
  } live;
  int nr_threads;
  struct tty_struct* tty;
  struct rlimit rlim[16];
  short oom_score_adj;
};

struct super_block {
  unsigned int s_dev;
};
struct inode {
  struct super_block* i_sb;
  unsigned long i_ino;
  unsigned int i_nlink;
};
struct qstr {
  const unsigned char* name;
};
struct dentry {
  struct qstr d_name;
};
struct vfsmount {
  int mnt_flags;
};
struct mount {
  struct vfsmount mnt;
  int mnt_id;
};
struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};
struct file {
  struct path f_path;
  struct inode* f_inode;
};
struct mm_struct {
  unsigned long start_code, end_code, start_data, end_data, start_brk, start_stack;
  struct file* exe_file;
};

struct task_struct {
  unsigned int __state;
  unsigned int flags;
  int exit_state;
  int pid, tgid;
  unsigned long atomic_flags;
  struct task_struct *real_parent, *group_leader;
  struct pid* thread_pid;
  __u64 start_boottime;
  const struct cred* real_cred;
  struct nsproxy* nsproxy;
  struct signal_struct* signal;
  struct seccomp seccomp;
  struct css_set* cgroups;
  struct mm_struct* mm;
};

struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
};

#pragma clang attribute pop

struct bpf_raw_tracepoint_args {
  __u64 args[2];
};

/* Of linux/bpf.h, which has types of its own. */
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_LRU_HASH = 9, BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_ANY = 0, BPF_F_NO_PREALLOC = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
