// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// A gateway that nobody's inspector started.
struct JoinableOptions {
  Fd inspectors{};  // A listening SOCK_SEQPACKET socket: see InspectorSocket.
  std::function<Result<void>()> confine{};
  std::function<void(const std::vector<std::string>& addresses)> listening{};
  std::function<void(const std::string& message)> warn{};
  std::function<void()> alive{};  // About once a second, while it waits and while it serves.
};

// Waits for an inspector and does as RunGateway what that orders; nobody is let in before it has
// sent web settings. When it goes the last picture is served on, as it was, until the next one
// comes. Returns when that orders something else: listening anew takes a new process. One inspector
// at a time; a second one is turned away.
Result<void> RunJoinableGateway(JoinableOptions options);

}  // namespace hullmark
