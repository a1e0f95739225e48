// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "hullmark/ids.h"

namespace hullmark {

// The turns in which everything is read anew: each thing once within `every`, spread evenly by its
// number. All are due when the clock was set back.
class Rotation {
 public:
  Rotation(Timestamp then, Timestamp now, std::chrono::nanoseconds every)
      : then_(std::to_underlying(then)),
        now_(std::to_underlying(now)),
        every_(static_cast<std::uint64_t>(every.count() > 0 ? every.count() : 1)) {}

  bool IsDue(std::uint64_t number) const;

 private:
  std::int64_t then_, now_;
  std::uint64_t every_;
};

}  // namespace hullmark
