// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/parse/devices_list.h"
#include "tests/fuzz/parse/require.h"
#include "tests/unit/parse/print.h"

using namespace hullmark;

// Rules allow something and print to a list that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  const auto rules = ParseDevicesList(text);
  Require(Honest(rules) && Honest(ParseDeviceRule(text)));
  if (!rules) return 0;
  for (const auto& rule : *rules) Require(rule.read || rule.write || rule.make);
  Require(ParseDevicesList(PrintDevices(*rules)) == *rules);
  return 0;
}
