// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "agent/encode/json_writer.h"
#include "hullmark/result.h"

namespace hullmark {

// Whether an --output means standard output: "", "-" and "/dev/stdout".
bool IsStandardOutput(const std::string& path);

// Runs `write` on a sink that ends in standard output, or in `path`. A regular file, or one that is
// not there yet, is replaced in one step once the document is complete and on disk, so that a
// reader sees the old one or the new. A character device or FIFO is written to. Anything else is an
// error and left alone: a symbolic link could be of another user's making, and a directory, block
// device or socket is no place for a report.
Result<void> WriteOutput(const std::string& path,
                         const std::function<void(const ByteSink&)>& write);

}  // namespace hullmark
