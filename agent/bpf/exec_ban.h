/* SPDX-License-Identifier: Apache-2.0 */
/* What a process must not have when it executes, on both sides: the kernel program and whoever
   fills its map decide by the same few lines. Layouts without padding. */
#pragma once

#ifdef __cplusplus
namespace hullmark {
#endif

enum { kMostExecBans = 16, kMostBannedName = 64, kMostBanCgroups = 4096, kBanNamespaces = 8 };

/* Of ExecBan.flags. */
enum {
  kBansRoot = 1,       /* Root of its user namespace, by any of its four uids. */
  kBansEscalation = 2, /* Another real id than root's, and root's besides. */
  kBansUnlinked = 4,   /* A program whose file has no name any more. */
  kKnowsInitRoot = 8,  /* init_uid is root in the user namespace of the container's init. */
  kKnowsInitRootGroup = 16,
  kBanEnforced = 32, /* Else it is told and nothing is done. */
};

/* One control: any of what it names is forbidden. */
struct ExecBan {
  unsigned long long effective, permitted, ambient; /* Capabilities. */
  unsigned int id, flags;
  unsigned int init_uid, init_gid; /* As the first user namespace numbers them. */
};

/* Of a cgroup. */
struct ExecBans {
  unsigned int place; /* Of its container among kMostBanCgroups. */
  unsigned int count;
  /* Of the container's init, in the order of NamespaceKind; 0: the host's too, or not known. Only a
     task that shares one of them is the container's, else it is a runtime on its way in. */
  unsigned int own[kBanNamespaces];
  struct ExecBan bans[kMostExecBans];
};

/* Of ExecFacts.known. */
enum { kKnowsRoot = 1, kKnowsRootGroup = 2 };

struct ExecIds {
  unsigned int real, effective, saved, fs;
};

/* A task once its new credentials are in force. Ids as the first user namespace numbers them. */
struct ExecFacts {
  unsigned long long effective, permitted, ambient;
  struct ExecIds uid, gid;
  unsigned int root, root_group; /* 0 of its own user namespace, where it is known to have one. */
  unsigned int links;            /* Of its program. */
  unsigned int known;
};

/* Of BannedExec.what. */
enum {
  kTookTurn = 1,  /* It counts against the actions of the budget. */
  kTookPlace = 2, /* And against its containers. */
  kBanApplied = 4 /* It was killed, or would have been; else the budget was spent, which is told
                     once. */
};

struct BannedExec {
  unsigned long long start; /* Of the process: nanoseconds since boot. */
  unsigned long long cgroup;
  unsigned int ban; /* ExecBan.id */
  unsigned int what;
  int tgid;
  int error; /* Of the signal, negative. */
  struct ExecFacts facts;
  char name[kMostBannedName]; /* Last part of the program's path, cut. */
};

static inline int HasId(const struct ExecIds* ids, unsigned int id) {
  return ids->real == id || ids->effective == id || ids->saved == id || ids->fs == id;
}

static inline int RaisedTo(const struct ExecIds* ids, unsigned int root) {
  return ids->real != root && HasId(ids, root);
}

static inline int Escalates(const struct ExecBan* ban, const struct ExecFacts* facts) {
  if (ban->flags & kKnowsInitRoot && RaisedTo(&facts->uid, ban->init_uid)) return 1;
  if (ban->flags & kKnowsInitRootGroup && RaisedTo(&facts->gid, ban->init_gid)) return 1;
  if (facts->known & kKnowsRoot && RaisedTo(&facts->uid, facts->root)) return 1;
  return facts->known & kKnowsRootGroup && RaisedTo(&facts->gid, facts->root_group);
}

/* What is not known forbids nothing. */
static inline int Forbids(const struct ExecBan* ban, const struct ExecFacts* facts) {
  if (ban->effective & facts->effective) return 1;
  if (ban->permitted & facts->permitted) return 1;
  if (ban->ambient & facts->ambient) return 1;
  if (ban->flags & kBansRoot && facts->known & kKnowsRoot && HasId(&facts->uid, facts->root)) {
    return 1;
  }
  if (ban->flags & kBansEscalation && Escalates(ban, facts)) return 1;
  return ban->flags & kBansUnlinked && facts->links == 0;
}

#ifdef __cplusplus
}  // namespace hullmark
#endif
