// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace hullmark {

// How much was written, and the errno of why not all: 0 when it was. Where a file has a limit,
// SIGXFSZ must be ignored.
struct Written {
  std::size_t bytes = 0;
  int error_number = 0;
};
Written WriteAll(int fd, std::string_view bytes);

}  // namespace hullmark
