// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "agent/base/file.h"
#include "agent/daemon/saved_state.h"
#include "agent/encode/json_writer.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Told what a person should know and nothing fails for.
using Warn = std::function<void(const std::string&)>;

// state.json in the state directory. As long as this lives, it holds a lock on state.lock, a file
// that only its owner can open: two agents would announce everything twice.
class StateFile {
 public:
  // The directory must be there and be trusted. `in_use`: whether the error is another agent.
  static Result<StateFile> Open(const std::string& directory, Uid user, bool* in_use = nullptr);

  // What was saved last; an empty state when nothing was. A file that cannot be read as one, or is
  // of another version, is renamed to state.json.damaged-<n> with a warning; there are nine of
  // those at most, and the ninth gives way. Error: the file could not be read, and may well be
  // whole.
  Result<SavedState> Load(const Warn& warn) const;

  // Replaces the file; when it returns, the disk has the new one. A crash leaves the old or the new
  // one, whole.
  Result<void> Save(const SavedState& state) const;

  // Another file of the directory, whole; kNotFound: there is none.
  Result<std::string> Read(const std::string& name) const;
  // Replaces it, as Save() does, with what `write` gives.
  Result<void> Replace(const std::string& name,
                       const std::function<void(const ByteSink&)>& write) const;
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

 private:
  StateFile(Fd directory, Fd lock, std::string path, Uid user);

  Result<void> SetAside(const std::string& why, const Warn& warn) const;

  Fd directory_, lock_;
  std::string path_;  // Of the directory.
  Uid user_{};
};

}  // namespace hullmark
