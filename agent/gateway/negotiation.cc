// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/negotiation.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace hullmark {
namespace {

std::string_view Trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The next element of a comma separated header value; takes it from the front.
std::string_view TakeElement(std::string_view& rest) {
  const auto comma = rest.find(',');
  const std::string_view element = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return Trimmed(element);
}

bool IsWord(std::string_view text, std::string_view lower) {
  const auto as_lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::ranges::equal(text, lower, {}, as_lower);
}

// "q=0", "Q=0.000": a coding that is not acceptable.
bool IsRefused(std::string_view parameters) {
  const auto q = parameters.find_first_of("qQ");
  if (q == std::string_view::npos || !parameters.substr(q + 1).starts_with('=')) return false;
  const std::string_view value = Trimmed(parameters.substr(q + 2));
  return value.starts_with('0') && value.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool AcceptsGzip(std::string_view accepted) {
  std::optional<bool> any;
  while (!accepted.empty()) {
    const std::string_view element = TakeElement(accepted);
    const auto semicolon = element.find(';');
    const std::string_view coding = Trimmed(element.substr(0, semicolon));
    const bool refused =
        semicolon != std::string_view::npos && IsRefused(element.substr(semicolon + 1));
    if (IsWord(coding, "gzip") || IsWord(coding, "x-gzip")) return !refused;
    if (coding == "*") any = !refused;
  }
  return any.value_or(false);
}

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    std::string_view element = TakeElement(if_none_match);
    if (element == "*") return true;
    if (element.starts_with("W/")) element.remove_prefix(2);
    if (element == etag) return true;
  }
  return false;
}

}  // namespace hullmark
