// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"
#include "hullmark/selector.h"

namespace hullmark {

// Which events a hook is told of. All that is given must match.
struct HookFilter {
  // None: only what names the hook calls it.
  std::vector<EventKind> events = {EventKind::kViolationAppeared, EventKind::kViolationResolved,
                                   EventKind::kViolationChanged};
  Severity severity = Severity::kInfo;  // At least, of those that have one.
  std::vector<Glob> control{};          // One at least of those that have one; none: all.
  Selector select{};                    // Not empty: the host's own events are left out.

  friend bool operator==(const HookFilter&, const HookFilter&) = default;
};

enum class HookFormat : std::uint8_t { kCloudEvents, kAlertmanager };

struct WebUrl {
  bool tls = true;
  std::string host{};  // A name or an address, that of IPv6 without brackets.
  std::uint16_t port = 443;
  std::string target = "/";  // Path and query.

  friend bool operator==(const WebUrl&, const WebUrl&) = default;
};

// "https://host:port/path?query"; http too. nullopt for all else: user names, fragments, characters
// that would have to be escaped.
std::optional<WebUrl> ParseWebUrl(std::string_view text);

// Whether what is sent there does not leave this host.
bool IsLoopback(const WebUrl& url);

struct Webhook {
  WebUrl url{};
  // Files; "": none, and for `ca` those that the host trusts.
  std::string ca{}, cert{}, key{}, token_file{}, hmac_file{};
  HookFormat format = HookFormat::kCloudEvents;
  std::chrono::milliseconds timeout{10'000};  // Of one delivery as a whole.

  friend bool operator==(const Webhook&, const Webhook&) = default;
};

struct HookCommand {
  std::string path{};
  std::vector<std::string> args{};
  std::string user = "hullmark";
  std::chrono::milliseconds timeout{30'000}, cpu{10'000};
  std::uint64_t output_max = std::uint64_t{64} << 10;  // Bytes of both streams together.

  friend bool operator==(const HookCommand&, const HookCommand&) = default;
};

struct Hook {
  std::string name{};  // Of a-z, 0-9 and '-', 32 at most: it names files and metrics.
  HookFilter filter{};
  std::variant<Webhook, HookCommand> call{};

  friend bool operator==(const Hook&, const Hook&) = default;
};

// An Alertmanager knows what is violated and what is not; all else it is not told.
inline bool IsToldOfViolationsOnly(const Hook& hook) {
  const auto* webhook = std::get_if<Webhook>(&hook.call);
  return webhook != nullptr && webhook->format == HookFormat::kAlertmanager;
}

// The list below `hooks`.
std::vector<Hook> ReadHooks(const YamlNode* node, FieldReader& reading);

}  // namespace hullmark
