// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Opens a directory that is to be written into. Each symbolic link on the way to it must be of
// root's or of `user`'s making; relative paths begin at the working directory. Who owns the
// directories does not matter: what is written below the descriptor is.
Result<Fd> OpenOwnDirectory(const std::string& path, Uid user);

// Replaces `name` in `directory` in one step once `bytes` are on disk: a reader sees the old file
// or the new. Readable by all. Anything but a regular file is left alone and an error: a link could
// be of another user's making. `place` is the directory's path, for messages.
Result<void> ReplaceIn(const Fd& directory, const std::string& place, const std::string& name,
                       std::string_view bytes);

}  // namespace hullmark
