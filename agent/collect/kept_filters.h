// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "agent/collect/collect.h"
#include "agent/collect/filters.h"
#include "agent/seccomp/decoder.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What the seccomp filters of a look's tasks are and answer. A filter is copied when it is met for
// the first time, a distinct program followed once: see FilterReader and FilterDecoder.
class KeptFilters {
 public:
  // `why_not`: why there is no source; without a message nobody expects one.
  KeptFilters(FilterSource source, Error why_not);

  // Of the tasks of a look, before its containers are made.
  void Read(const CollectOptions& options, Snapshot& snapshot);

  // What they answer, once the host is known; Vantage is told what could not be read, and where a
  // program is not what the kernel has noted of it.
  void Decode(Snapshot& snapshot);

 private:
  FilterSource source_;
  Error why_not_;
  FilterDecoder decoder_;
  Error denied_{.code = ErrorCode::kNotRead};  // Why those of this look are not known.
  std::size_t tasks_denied_ = 0;
};

}  // namespace hullmark
