// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "agent/watch/connector_message.h"

// A message says the one thing or the other, and what lies behind it changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto message = hullmark::ParseConnectorMessage(bytes);
  if (!message) return 0;
  if (message->answer && message->event) std::abort();
  std::vector<std::byte> longer(bytes.begin(), bytes.end());
  longer.push_back(std::byte{0x5a});
  if (hullmark::ParseConnectorMessage(longer) != message) std::abort();
  return 0;
}
