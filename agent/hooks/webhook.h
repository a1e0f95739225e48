// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/hooks/delivery.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/hosts.h"
#include "agent/hooks/outbound.h"
#include "agent/hooks/tls_client.h"

namespace hullmark {

// Delivers what one hook is told, one letter after the other, over one connection while that lasts.
// One thread at a time.
class WebhookLine {
 public:
  struct World {
    HostsTable hosts{};
    std::function<std::int64_t()> now;  // Seconds since 1970.
    std::string agent{};                // "hullmark/1.2.3".
  };

  // `world` must live longer.
  WebhookLine(Endpoint endpoint, const World& world);

  // Waits for it, at most for the endpoint's timeout and the resolver's.
  AttemptEnd Deliver(const std::string& key, const std::string& body);

 private:
  struct Exchange {
    AttemptEnd outcome{};
    bool heard = false;     // Anything of an answer.
    bool reusable = false;  // The answer has ended, and the connection has not.
  };

  Exchange Post(Outbound& connection, const std::string& key, const std::string& body) const;
  AttemptEnd Try(const std::string& key, const std::string& body, Outbound::Moment deadline);

  Endpoint endpoint_;
  const World& world_;
  std::shared_ptr<const TlsClient> tls_;
  std::unique_ptr<Outbound> connection_;  // Of the last letter, if it can be used again.
};

}  // namespace hullmark
