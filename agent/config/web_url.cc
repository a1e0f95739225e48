// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/config/hooks.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostUrl = 2048, kMostName = 253;

bool IsV6(const std::string& text) {
  in6_addr parsed = {};
  return inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

// As DNS and certificates have them, see RFC 1123; underscores are met inside of clusters.
bool IsName(std::string_view text) {
  const auto allowed = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
  };
  return !text.empty() && text.size() <= kMostName && text.front() != '.' && text.front() != '-' &&
         std::ranges::all_of(text, allowed);
}

bool IsTarget(std::string_view text) {
  constexpr std::string_view kForbidden = "\"<>\\^`{|}#";
  return std::ranges::all_of(
      text, [&](char byte) { return byte > ' ' && byte < '\x7f' && !kForbidden.contains(byte); });
}

// What stands before the host's end, and after it the port.
bool SplitHost(std::string_view authority, WebUrl& url) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return false;
    url.host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    if (!IsV6(url.host)) return false;
  } else {
    const auto end = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, end);
    rest = authority.substr(end);
    if (!IsName(url.host)) return false;
  }
  if (rest.empty()) return true;
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), url.port);
  return error == std::errc() && end == rest.data() + rest.size() && url.port != 0;
}

}  // namespace

std::optional<WebUrl> ParseWebUrl(std::string_view text) {
  constexpr std::string_view kTls = "https://";
  constexpr std::string_view kPlain = "http://";
  WebUrl url{.tls = text.starts_with(kTls)};
  if (text.size() > kMostUrl || (!url.tls && !text.starts_with(kPlain))) return std::nullopt;
  text.remove_prefix(url.tls ? kTls.size() : kPlain.size());
  if (!url.tls) url.port = 80;
  const auto end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, end);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!SplitHost(authority, url) || !IsTarget(url.target)) return std::nullopt;
  return url;
}

bool IsLoopback(const WebUrl& url) {
  in_addr v4 = {};
  if (inet_pton(AF_INET, url.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return url.host == "localhost" || url.host == "::1";
}

}  // namespace hullmark
