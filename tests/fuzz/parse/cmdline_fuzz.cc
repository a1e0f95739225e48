// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/parse/cmdline.h"
#include "hullmark/strings.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// A program's name is short and no path; splitting keeps the bytes, up to what was asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kMost = 16;
  const auto text = TextOf(bytes, size);
  StringTable strings;
  const auto invocation = ParseInvocation(text, strings);
  Require(invocation.has_value() == !text.empty());
  if (!invocation) return 0;
  const auto program = strings[invocation->program];
  Require(program.size() <= 64 && !program.contains('/') && !program.contains('\0'));
  Require(strings.size() <= 2);

  const auto arguments = SplitArguments(text, kMost);
  Require(!arguments.empty() && arguments.size() <= kMost);
  std::size_t at = 0;
  for (const auto& argument : arguments) {
    Require(text.substr(at, argument.size()) == argument);
    at += argument.size() + 1;
  }
  return 0;
}
