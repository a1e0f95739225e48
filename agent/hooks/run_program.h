// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/base/file.h"
#include "agent/hooks/command.h"
#include "hullmark/result.h"

namespace hullmark {

// Who a program runs as.
struct RunsAs {
  std::string name{}, home = "/";
  uid_t uid = 65534;
  gid_t gid = 65534;
};

// Root becomes the user that is named (65534 for a user hullmark that is not there), anybody else
// stays who he is. Error: there is no such user, or it is root.
Result<RunsAs> UserFor(const std::string& name);

// A cgroup of our own below ours; nothing where none can be made.
class OwnCgroup {
 public:
  OwnCgroup();
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup();  // Takes it away if it is empty.

  // Moves the calling process there.
  void Enter() const;
  // Ends all that is in it.
  void Kill() const;

 private:
  std::string path_;  // "": there is none.
};

// Starts the order's program; its output goes to `output`. The first process of a session of its
// own. Error: no process can be made; a program that cannot be run ends with 127.
Result<pid_t> StartProgram(const CommandOrder& order, const RunsAs& who, const Fd& input,
                           const Fd& output, const OwnCgroup& cgroup);

}  // namespace hullmark
