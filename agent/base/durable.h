// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "agent/base/file.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {

// What the files that outlive the agent are made with.

std::unexpected<Error> FailWithErrno(const std::string& place, int error_number);

// Makes a directory for its owner alone. What is wrong with it, if anything, is said by who opens
// it.
void MakeIfMissing(const std::string& directory);

// The directory that a path lies in; "." for a bare name.
std::string DirectoryOf(const std::string& path);

// Opens a file of our own, made with mode 0640 where `flags` say so. It must be a regular file with
// one name, of `user` or root, that no others may write to; no link is followed and nothing waited
// for. `place` is for messages.
Result<Fd> OpenOwn(int directory, const std::string& name, int flags, Uid user,
                   const std::string& place);

}  // namespace hullmark
