// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/hook_words.h"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/cli/words.h"
#include "agent/config/hooks.h"
#include "agent/sinks/page.h"
#include "agent/sinks/values.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"

namespace hullmark {
namespace {

constexpr Caption kItem = {.text = "  - ", .indent = 4};

std::string UrlText(const WebUrl& url) {
  const bool v6 = url.host.contains(':');
  return std::string(url.tls ? "https://" : "http://") + (v6 ? "[" + url.host + "]" : url.host) +
         ":" + std::to_string(url.port) + url.target;
}

std::string WhenText(const HookFilter& filter) {
  if (filter.events.empty()) return "is called by name only";
  std::vector<std::string> kinds;
  for (const EventKind kind : filter.events) kinds.emplace_back(NameOf(kind));
  std::vector<std::string> controls;
  for (const Glob& control : filter.control) controls.push_back(control.pattern());
  std::string text = "is told of " + Join(kinds, "nothing");
  if (filter.severity > Severity::kInfo) {
    text += " from " + std::string(NameOf(filter.severity)) + " up";
  }
  if (!controls.empty()) text += " of " + Join(controls, "");
  return text + ", of " + WhoIsMeant(filter.select, "every container and the host");
}

std::string HowText(const Webhook& webhook) {
  std::string text = webhook.format == HookFormat::kAlertmanager ? "alerts" : "CloudEvents";
  text += " are posted to " + UrlText(webhook.url);
  if (!webhook.token_file.empty()) text += ", with the token of " + webhook.token_file;
  if (!webhook.hmac_file.empty()) text += ", signed with the secret of " + webhook.hmac_file;
  if (!webhook.cert.empty()) text += ", with the certificate " + webhook.cert;
  if (webhook.url.tls) {
    text += "; its certificate has to be of " +
            (webhook.ca.empty() ? "those that this host trusts" : webhook.ca);
  }
  return text + "; each attempt takes " + Seconds(webhook.timeout) + " at most.";
}

std::string HowText(const HookCommand& command) {
  std::string text = "user " + command.user + " runs " + command.path;
  for (const std::string& argument : command.args) text += " '" + argument + "'";
  return text + ", for " + Seconds(command.timeout) + " at most, with " + Seconds(command.cpu) +
         " of CPU time.";
}

}  // namespace

void DescribeHooks(Page& page, std::span<const Hook> hooks) {
  if (hooks.empty()) return;
  page.Paragraph(
      {}, hooks.size() == 1 ? std::string("1 hook") : std::to_string(hooks.size()) + " hooks");
  for (const Hook& hook : hooks) {
    const std::string how = std::visit([](const auto& call) { return HowText(call); }, hook.call);
    page.Paragraph(kItem, hook.name + " " + WhenText(hook.filter) + ": " + how);
    const auto* const webhook = std::get_if<Webhook>(&hook.call);
    if (webhook != nullptr && !webhook->url.tls && !IsLoopback(webhook->url)) {
      page.Paragraph({.indent = 4},
                     "WARNING: what it is told can be read and changed on the way: use https.");
    }
  }
  page.Blank();
}

}  // namespace hullmark
