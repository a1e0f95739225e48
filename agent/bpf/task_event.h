/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel program tells at a turn of a process' life, on both sides of the ring. */
#pragma once

#include "task_record.h"

#ifdef __cplusplus
namespace hullmark {
#endif

enum { kTaskForked, kTaskExecuted, kTaskExited, kTaskTurns };

enum { kMostExecutableName = 64 };

struct TaskEvent {
  unsigned long long at; /* Nanoseconds since boot. */
  unsigned int turn;
  /* Of the executable: the id of its mount, as stx_mnt_id of statx(2); the device of its file
     system (minor: the lower 20 bits); the last part of its path, cut, with a zero at its end. */
  unsigned int executable_mount;
  unsigned int executable_device;
  char executable_name[kMostExecutableName];
  unsigned int padding;
  struct TaskRecord
      task; /* As it is now. Of the process: tid is tgid, even if a thread was last. */
};

#ifdef __cplusplus
}  // namespace hullmark
#endif
