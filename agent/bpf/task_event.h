/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel program tells at a turn of a process' life, on both sides of the ring. */
#pragma once

#include "task_record.h"

#ifdef __cplusplus
namespace hullmark {
#endif

/* Of TaskRecord.known, in an event: executable_mount was read. 0 is a mount like any other. */
enum { kKnowsMount = 8 };

enum { kTaskForked, kTaskExecuted, kTaskExited, kTaskTurns };

enum { kMostExecutableName = 64 };

/* A turn of a process' life: all that is told of a fork and of an end. */
struct TaskTurn {
  unsigned long long at;    /* Nanoseconds since boot. */
  unsigned long long start; /* Of the process, the same. */
  unsigned int turn;
  int tgid, parent;
  unsigned int padding;
};

struct TaskEvent {
  struct TaskTurn turn;
  /* Of an exec, the rest. Of the executable, where kKnowsMount says so: the id of its mount, as
     stx_mnt_id of statx(2); the device of its file system (minor: the lower 20 bits); the last part
     of its path, cut, with a zero at its end. */
  unsigned int executable_mount;
  unsigned int executable_device;
  char executable_name[kMostExecutableName];
  struct TaskRecord task; /* As it is now. */
};

#ifdef __cplusplus
}  // namespace hullmark
#endif
