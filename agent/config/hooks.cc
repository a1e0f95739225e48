// SPDX-License-Identifier: Apache-2.0
#include "agent/config/hooks.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/values.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds, std::chrono::minutes, std::chrono::seconds;

constexpr std::size_t kMostHooks = 32;

bool IsHookName(std::string_view name) {
  constexpr std::size_t kMost = 32;
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return name.size() <= kMost && !name.starts_with('-') &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string ReadHookName(const YamlNode* node, FieldReader& reading) {
  const std::string name = ReadText(node, reading);
  if (node != nullptr && !IsHookName(name)) {
    reading.Complain(node->line,
                     Quoted(name) + " is no name of a hook: a-z, 0-9 and '-', 32 at most");
  }
  return name;
}

bool IsOfViolation(EventKind kind) {
  return kind == EventKind::kViolationAppeared || kind == EventKind::kViolationResolved ||
         kind == EventKind::kViolationChanged;
}

std::vector<EventKind> ReadKinds(const YamlNode* node, FieldReader& reading) {
  std::vector<EventKind> kinds;
  for (const std::string& name : ReadTexts(node, reading)) {
    bool known = false;
    for (int at = 0; at < kEventKinds; ++at) {
      const auto kind = static_cast<EventKind>(at);
      if (NameOf(kind) != name) continue;
      kinds.push_back(kind);
      known = true;
    }
    if (!known) reading.Complain(node->line, Quoted(name) + " is no kind of event");
  }
  std::ranges::sort(kinds);
  return kinds;
}

HookFilter ReadFilter(Fields& fields, FieldReader& reading) {
  HookFilter filter;
  if (const auto* node = fields.TakeOptional("events")) filter.events = ReadKinds(node, reading);
  if (const auto* node = fields.TakeOptional("severity")) {
    filter.severity = ReadSeverity(node, reading);
  }
  if (const auto* node = fields.TakeOptional("control")) {
    for (const std::string& pattern : ReadOneOrMore(node, reading)) {
      filter.control.emplace_back(pattern);
    }
  }
  if (const auto* node = fields.TakeOptional("select")) filter.select = ReadSelector(node, reading);
  return filter;
}

WebUrl ReadUrl(const YamlNode* node, FieldReader& reading) {
  const std::string text = ReadText(node, reading);
  const auto url = ParseWebUrl(text);
  // Not quoted: a token may stand in it all the same.
  if (node != nullptr && !url) {
    reading.Complain(node->line,
                     "'url' must be like https://host:port/path, without user, password, "
                     "fragment or characters that have to be escaped");
  }
  return url.value_or(WebUrl{});
}

// What would be a mistake, whatever the files say.
void CheckWebhook(const Webhook& webhook, int line, FieldReader& reading) {
  const bool of_tls = !webhook.ca.empty() || !webhook.cert.empty() || !webhook.key.empty();
  if (webhook.cert.empty() != webhook.key.empty()) {
    reading.Complain(line, "'cert' and 'key' need each other");
  }
  if (!webhook.token_file.empty() && !webhook.hmac_file.empty()) {
    reading.Complain(line, "'token_file' or 'hmac_file', not both");
  }
  if (!webhook.url.tls && of_tls) {
    reading.Complain(line, "'ca', 'cert' and 'key' are for https");
  }
  if (!webhook.url.tls && !webhook.token_file.empty() && !IsLoopback(webhook.url)) {
    reading.Complain(line, "'token_file' would be readable on the way: use https");
  }
}

// Alertmanager's own path, unless it is given.
void CompleteUrl(WebUrl& url) {
  constexpr std::string_view kAlerts = "/api/v2/alerts";
  if (url.target.ends_with(kAlerts) || url.target.contains('?')) return;
  if (url.target.ends_with('/')) url.target.pop_back();
  url.target += kAlerts;
}

Webhook ReadWebhook(const YamlNode& node, FieldReader& reading) {
  constexpr std::array<std::string_view, 2> kFormats = {"cloudevents", "alertmanager"};
  Fields fields(&node, reading);
  Webhook webhook{.url = ReadUrl(fields.Take("url"), reading)};
  const auto path = [&](std::string_view key, std::string& into) {
    if (const auto* entry = fields.TakeOptional(key)) into = ReadPath(entry, reading);
  };
  path("ca", webhook.ca);
  path("cert", webhook.cert);
  path("key", webhook.key);
  path("token_file", webhook.token_file);
  path("hmac_file", webhook.hmac_file);
  if (const auto* entry = fields.TakeOptional("format")) {
    webhook.format = static_cast<HookFormat>(ReadWord(entry, kFormats, reading));
  }
  if (const auto* entry = fields.TakeOptional("timeout")) {
    webhook.timeout = ReadDuration(entry, milliseconds(100), seconds(60), reading);
  }
  fields.RefuseOthers();
  if (webhook.format == HookFormat::kAlertmanager) CompleteUrl(webhook.url);
  CheckWebhook(webhook, node.line, reading);
  return webhook;
}

// Arguments may be empty, or look like numbers.
std::vector<std::string> ReadArguments(const YamlNode* node, FieldReader& reading) {
  constexpr std::size_t kMost = 64;
  std::vector<std::string> arguments;
  for (const YamlNode& item : ReadItems(node, reading)) {
    const bool scalar = item.kind == YamlKind::kPlain || item.kind == YamlKind::kQuoted;
    if (!scalar) reading.Complain(item.line, "'args' must be a list of texts");
    arguments.push_back(item.text);
  }
  if (arguments.size() > kMost) reading.Complain(node->line, "'args' has more than 64 items");
  return arguments;
}

bool IsUserName(std::string_view name) {
  const bool letter = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_');
  return letter && name != "root";
}

HookCommand ReadCommand(const YamlNode& node, FieldReader& reading) {
  Fields fields(&node, reading);
  HookCommand command{.path = ReadPath(fields.Take("path"), reading)};
  if (const auto* entry = fields.TakeOptional("args")) {
    command.args = ReadArguments(entry, reading);
  }
  if (const auto* entry = fields.TakeOptional("user")) {
    command.user = ReadText(entry, reading);
    if (!IsUserName(command.user)) {
      reading.Complain(entry->line, "'user' must be the name of a user who is not root");
    }
  }
  const auto time = [&](std::string_view key, milliseconds& into) {
    const auto* entry = fields.TakeOptional(key);
    if (entry != nullptr) into = ReadDuration(entry, seconds(1), minutes(10), reading);
  };
  time("timeout", command.timeout);
  time("cpu", command.cpu);
  if (const auto* entry = fields.TakeOptional("output_max")) {
    command.output_max = ReadSize(entry, 1U << 10, 16U << 20, reading);
  }
  fields.RefuseOthers();
  return command;
}

void CheckKinds(const Hook& hook, int line, FieldReader& reading) {
  const auto* const webhook = std::get_if<Webhook>(&hook.call);
  if (webhook == nullptr || webhook->format != HookFormat::kAlertmanager) return;
  if (!std::ranges::all_of(hook.filter.events, IsOfViolation)) {
    reading.Complain(line, "'alertmanager' takes events of violations only");
  }
}

Hook ReadHook(const YamlNode& node, FieldReader& reading) {
  Fields fields(&node, reading);
  Hook hook{.name = ReadHookName(fields.Take("name"), reading),
            .filter = ReadFilter(fields, reading)};
  const YamlNode* const webhook = fields.TakeOptional("webhook");
  const YamlNode* const command = fields.TakeOptional("command");
  if ((webhook == nullptr) == (command == nullptr)) {
    reading.Complain(node.line, "a hook has either 'webhook' or 'command'");
  } else if (webhook != nullptr) {
    hook.call = ReadWebhook(*webhook, reading);
  } else {
    hook.call = ReadCommand(*command, reading);
  }
  CheckKinds(hook, node.line, reading);
  fields.RefuseOthers();
  return hook;
}

}  // namespace

std::vector<Hook> ReadHooks(const YamlNode* node, FieldReader& reading) {
  std::vector<Hook> hooks;
  for (const YamlNode& item : ReadItems(node, reading)) {
    if (reading.problem()) break;
    Hook hook = ReadHook(item, reading);
    if (std::ranges::find(hooks, hook.name, &Hook::name) != hooks.end()) {
      reading.Complain(item.line, "two hooks are called " + Quoted(hook.name));
    }
    hooks.push_back(std::move(hook));
  }
  if (hooks.size() > kMostHooks) reading.Complain(node->line, "there are more than 32 hooks");
  return hooks;
}

}  // namespace hullmark
