/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel program leaves of seccomp filters, and writes per task that has any: the same
   layout on both sides, C for the one and C++ for the other, without padding. */
#pragma once

#ifdef __cplusplus
namespace hullmark {
#endif

enum {
  kMostFilterNodes = 256, /* Of one pass. */
  kFilterChunkBytes = 4096,
  kMostFilterChunks = 256,  /* Of one pass. */
  kChunksOfLongest = 8,     /* BPF_MAXINSNS instructions of eight bytes. */
  kMostFilterDepth = 64,    /* Filters of one task. */
  kMostNotedWords = 16,     /* Of 64 numbers each. */
  kMostKnownFilters = 8192, /* On the host. */
};

/* A task in filter mode. */
struct FilteredTask {
  unsigned long long start;  /* Nanoseconds since boot. */
  unsigned long long filter; /* Where the kernel has its newest one. */
  int tid, tgid;
  unsigned int filters; /* How many. */
  unsigned int padding;
};

/* A filter, copied: its program lies in chunks from `chunk` on. */
struct FilterNode {
  unsigned long long self, prev; /* Where the kernel has it, and the one before it; 0: the first. */
  struct FilteredTask from;      /* One that has it. */
  unsigned long long native[kMostNotedWords], compat[kMostNotedWords]; /* See PermittedNumbers. */
  unsigned int native_words, compat_words;
  unsigned int instructions; /* 0: the kernel has kept none. */
  unsigned int chunk;
  unsigned int torn; /* That task ended meanwhile, and it perhaps with it. */
  unsigned int padding;
};

#ifdef __cplusplus
}  // namespace hullmark
#endif
