// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace hullmark {
namespace {

constexpr std::size_t kMostNames = 100'000;
constexpr std::string_view kBlanks = " \t\r";

// The next word of a line; "" at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const auto word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

bool IsAddress(const std::string& text) {
  in6_addr parsed = {};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

}  // namespace

std::string HostKey(std::string_view name) {
  std::string key(name);
  std::ranges::transform(key, key.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return key;
}

HostsTable ParseHosts(std::string_view text) {
  HostsTable table;
  std::size_t count = 0;
  while (!text.empty() && count < kMostNames) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string address(TakeWord(line));
    if (address.contains('\0') || !IsAddress(address)) continue;
    for (auto name = TakeWord(line); !name.empty() && count < kMostNames; name = TakeWord(line)) {
      table[HostKey(name)].push_back(address);
      ++count;
    }
  }
  return table;
}

}  // namespace hullmark
