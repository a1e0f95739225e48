// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/parse/lsm_label.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// A label is the front of the text; at most a final newline or NUL is gone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  const auto label = TrimLabel(text);
  Require(text.starts_with(label) && text.size() - label.size() <= 1);
  if (label.size() < text.size()) Require(text.back() == '\n' || text.back() == '\0');
  return 0;
}
