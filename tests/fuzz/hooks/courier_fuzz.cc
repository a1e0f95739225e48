// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/hooks/command.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/messages.h"

// Whatever is accepted of a message is what would be sent, byte for byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto delivery = hullmark::ParseDelivery(text);
  if (delivery && ToPacket(*delivery) != text) std::abort();
  const auto report = hullmark::ParseReport(text);
  if (report && ToPacket(*report) != text) std::abort();
  const auto order = hullmark::ParseCommandOrder(text);
  if (order && ToPacket(*order) != text) std::abort();
  const auto endpoints = hullmark::ReadEndpoints(text);
  if (endpoints && hullmark::ReadEndpoints(hullmark::WriteEndpoints(*endpoints)) != *endpoints) {
    std::abort();
  }
  return 0;
}
