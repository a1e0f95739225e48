// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/parse/net_sockets.h"
#include "tests/fuzz/parse/require.h"

using namespace hullmark;

// Any name of a socket leaves those before and after it in the list; an address is never empty.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = TextOf(bytes, size);
  Require(Honest(ParseNetUnix(text)));
  for (const bool v6 : {false, true}) {
    const auto listeners = ParseNetTcp(text, v6);
    Require(Honest(listeners));
    if (!listeners) continue;
    for (const auto& listener : *listeners) {
      Require(!listener.address.empty() && !(listener.loopback && listener.wildcard));
    }
  }

  static const std::string kEntry = "0: 00000002 00000000 00010000 0001 01 7 ";
  const auto sockets = ParseNetUnix("Num \n" + kEntry + "/first\n" + kEntry + "/" +
                                    std::string(text) + "\n" + kEntry + "/last\n");
  Require(sockets && sockets->size() >= 3);
  Require(sockets->front() == UnixSocket{.path = "/first", .listening = true, .inode = 7});
  Require(sockets->back() == UnixSocket{.path = "/last", .listening = true, .inode = 7});
  return 0;
}
