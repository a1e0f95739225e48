// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/gateway/head.h"

namespace {

bool IsClean(std::string_view text) {
  return std::ranges::none_of(text, [](char letter) {
    return (static_cast<unsigned char>(letter) < ' ' && letter != '\t') || letter == '\x7f';
  });
}

// What goes on to others: one line each, a path, within the bounds.
bool IsSound(const hullmark::RequestHead& head) {
  return !head.method.empty() && head.target.starts_with('/') && head.target.size() <= 4'001 &&
         head.target.find_first_of(" \t\r\n") == std::string::npos && IsClean(head.method) &&
         IsClean(head.target) && IsClean(head.accept_encoding) && IsClean(head.if_none_match);
}

}  // namespace

// Whatever the bytes are, there is a head that nobody can misread, or an error. A head does not
// depend on what follows its empty line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto head = hullmark::ReadHead(text);
  if (!head) return 0;
  const auto again = hullmark::ReadHead(text + "GET /smuggled HTTP/1.1\r\n\r\n");
  if (!IsSound(*head) || !again || again->target != head->target || again->close != head->close) {
    std::abort();
  }
  return 0;
}
