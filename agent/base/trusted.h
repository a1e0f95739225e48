// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// Opens for reading a regular file that decides what hullmark does: a benchmark, a configuration,
// overrides, waivers. The file, each symbolic link on the way to it and each directory above them
// must belong to root or to `user`, and nobody else may write to the file or the directories; a
// sticky directory will do, since there only an entry's owner may replace it.
//
// The path is walked from "/" one name at a time below descriptors, links included, and what is
// judged is what the next step uses: nobody can exchange a part between the look and its use.
// Relative paths begin at the working directory. Error: names the part that is wrong, and why.
Result<Fd> OpenTrusted(const std::string& path, Uid user);

// As OpenTrusted, of a directory: one that hullmark keeps files in. For openat(2) and fsync(2).
Result<Fd> OpenTrustedDirectory(const std::string& path, Uid user);

}  // namespace hullmark
