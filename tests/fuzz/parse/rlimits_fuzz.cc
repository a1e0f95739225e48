// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/parse/rlimits.h"
#include "hullmark/facts.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

namespace {

std::string Line(std::string_view name, const Rlimit& limit) {
  return std::string(name) + " " + (limit.soft ? std::to_string(*limit.soft) : "unlimited") + " " +
         (limit.hard ? std::to_string(*limit.hard) : "unlimited") + " \n";
}

}  // namespace

// All four are there or none is believed; they print to a text that parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto limits = ParseRlimits(TextOf(bytes, size));
  Require(Honest(limits));
  if (!limits) return 0;
  const auto text =
      Line("Max open files ", limits->nofile) + Line("Max processes ", limits->nproc) +
      Line("Max core file size ", limits->core) + Line("Max locked memory ", limits->memlock);
  Require(ParseRlimits(text) == *limits);
  return 0;
}
