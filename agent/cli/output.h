// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "agent/encode/json_writer.h"
#include "hullmark/result.h"

namespace hullmark {

// Runs `write` on a sink that ends in stdout, or in `path` when that is not empty: then the file is
// replaced in one step once it is complete and on disk, so that a reader sees the old one or the
// new. A symbolic link at `path` is replaced, not followed.
Result<void> WriteOutput(const std::string& path,
                         const std::function<void(const ByteSink&)>& write);

}  // namespace hullmark
