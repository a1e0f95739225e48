// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/server.h"
#include "hullmark/result.h"

namespace hullmark {

struct GatewayOptions {
  ServerOptions server{};
  Fd channel{};  // To the inspector that started it.
  // Called once it listens, before the first client is accepted: the place to give privileges up.
  std::function<Result<void>()> confine{};
  std::function<void(const std::vector<std::string>& addresses)> listening{};
  std::function<void(const std::string& message)> warn{};
};

// The gateway process: listens, gives up its privileges, serves what comes over the channel until
// that ends. Error: it cannot listen (the message names the address), or cannot be confined.
Result<void> RunGateway(GatewayOptions options);

}  // namespace hullmark
