// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/endpoints.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/sealed.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMost = std::size_t{64} << 20;
constexpr std::size_t kTexts = 12;  // Of one endpoint.

template <typename Number>
bool ReadNumber(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Endpoint> EndpointOf(std::vector<std::string> texts) {
  Endpoint endpoint{.hook = std::move(texts[0]),
                    .tls = texts[1] == "tls",
                    .host = std::move(texts[2]),
                    .target = std::move(texts[4]),
                    .content_type = std::move(texts[5]),
                    .roots = std::move(texts[6]),
                    .certificates = std::move(texts[7]),
                    .key = std::move(texts[8]),
                    .token = std::move(texts[9]),
                    .secret = std::move(texts[10])};
  std::uint32_t timeout = 0;
  const bool known = endpoint.tls || texts[1] == "plain";
  if (!known || !ReadNumber(texts[3], endpoint.port) || !ReadNumber(texts[11], timeout)) {
    return std::nullopt;
  }
  endpoint.timeout = std::chrono::milliseconds(timeout);
  return endpoint;
}

}  // namespace

std::string WriteEndpoints(std::span<const Endpoint> endpoints) {
  std::string bytes;
  for (const Endpoint& one : endpoints) {
    for (const std::string& text :
         {one.hook, std::string(one.tls ? "tls" : "plain"), one.host, std::to_string(one.port),
          one.target, one.content_type, one.roots, one.certificates, one.key, one.token, one.secret,
          std::to_string(one.timeout.count())}) {
      PutText(bytes, text);
    }
  }
  return bytes;
}

Result<std::vector<Endpoint>> ReadEndpoints(std::string_view bytes) {
  std::vector<Endpoint> endpoints;
  while (!bytes.empty()) {
    auto texts = TakeTexts(bytes, kTexts);
    auto endpoint = texts ? EndpointOf(std::move(*texts)) : std::nullopt;
    if (!endpoint) return Fail(ErrorCode::kMalformed, "endpoints: not what an inspector sends");
    endpoints.push_back(std::move(*endpoint));
  }
  return endpoints;
}

Result<Fd> SealEndpoints(std::span<const Endpoint> endpoints) {
  return SealBytes("endpoints", WriteEndpoints(endpoints));
}

Result<std::vector<Endpoint>> OpenEndpoints(const Fd& file) {
  const auto bytes = SealedBytes::Map(file, kMost);
  if (!bytes) return std::unexpected(bytes.error());
  return ReadEndpoints(bytes->view());
}

}  // namespace hullmark
