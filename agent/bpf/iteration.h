// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "hullmark/result.h"

namespace hullmark {

// One pass of an iterator that is attached as `link`: calls `take` with each record of `size`
// bytes, in order. Error: kIo, it ended before its time.
Result<void> Iterate(int link, std::size_t size, const std::function<void(const char*)>& take);

}  // namespace hullmark
