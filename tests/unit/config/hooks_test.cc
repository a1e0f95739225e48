// SPDX-License-Identifier: Apache-2.0
#include "agent/config/hooks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/config/config.h"
#include "hullmark/check.h"
#include "hullmark/event.h"
#include "hullmark/glob.h"

namespace hullmark {
namespace {

using std::chrono::milliseconds;

TEST(Hooks, EveryKeyIsRead) {
  const auto config = LoadConfig(
      "hooks:\n"
      "  - name: pager\n"
      "    events: [violation_resolved, violation_appeared]\n"
      "    severity: high\n"
      "    control: [CAP-*, RUN-001]\n"
      "    select: {namespace: 'prod-*'}\n"
      "    webhook: {url: 'https://am.example:9093/x/', ca: /ca, cert: /cert, key: /key,\n"
      "              token_file: /token, format: alertmanager, timeout: 2s}\n"
      "  - name: ticket-1\n"
      "    command: {path: /opt/ticket, args: [a, '', 5], user: tickets, timeout: 5s, cpu: 1s,\n"
      "              output_max: 4KiB}\n",
      "c");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->hooks.size(), 2);
  const Hook& pager = config->hooks[0];
  EXPECT_EQ(pager.name, "pager");
  EXPECT_EQ(pager.filter.events,
            (std::vector{EventKind::kViolationAppeared, EventKind::kViolationResolved}));
  EXPECT_EQ(pager.filter.severity, Severity::kHigh);
  EXPECT_EQ(pager.filter.control, (std::vector{Glob("CAP-*"), Glob("RUN-001")}));
  EXPECT_EQ(pager.filter.select.name_space, std::vector{Glob("prod-*")});
  EXPECT_EQ(
      std::get<Webhook>(pager.call),
      (Webhook{
          .url = {.tls = true, .host = "am.example", .port = 9093, .target = "/x/api/v2/alerts"},
          .ca = "/ca",
          .cert = "/cert",
          .key = "/key",
          .token_file = "/token",
          .hmac_file = "",
          .format = HookFormat::kAlertmanager,
          .timeout = milliseconds(2'000)}));
  EXPECT_EQ(std::get<HookCommand>(config->hooks[1].call),
            (HookCommand{.path = "/opt/ticket",
                         .args = {"a", "", "5"},
                         .user = "tickets",
                         .timeout = milliseconds(5'000),
                         .cpu = milliseconds(1'000),
                         .output_max = 4096}));
}

TEST(Hooks, WhatIsNotGivenIsTheDefault) {
  const auto config = LoadConfig("hooks: [{name: a, webhook: {url: 'https://h'}}]", "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(
      config->hooks[0],
      (Hook{.name = "a",
            .filter = {.events = {EventKind::kViolationAppeared, EventKind::kViolationResolved,
                                  EventKind::kViolationChanged},
                       .severity = Severity::kInfo},
            .call = Webhook{.url = {.host = "h"}, .timeout = milliseconds(10'000)}}));
}

TEST(Hooks, Urls) {
  const std::pair<const char*, WebUrl> cases[] = {
      {"https://h", {.tls = true, .host = "h", .port = 443, .target = "/"}},
      {"http://h:8080?x=1", {.tls = false, .host = "h", .port = 8080, .target = "/?x=1"}},
      {"https://[::1]:8/a%20b", {.tls = true, .host = "::1", .port = 8, .target = "/a%20b"}},
      {"http://10.1.2.3/", {.tls = false, .host = "10.1.2.3", .port = 80, .target = "/"}}};
  for (const auto& [text, url] : cases) EXPECT_EQ(ParseWebUrl(text), url) << text;
  for (const char* const text : {"", "h", "ftp://h", "https://", "https://u:p@h", "https://h:0",
                                 "https://h:70000", "https://h:", "https://h:1x", "https://h/a b",
                                 "https://h/#a", "https://[h]", "https://[::1", "https://-h",
                                 "https://h/\n", "https://h/\x80", "https://::1/", "HTTPS://h"}) {
    EXPECT_FALSE(ParseWebUrl(text)) << text;
  }
}

TEST(Hooks, WhatStaysOnThisHost) {
  for (const char* const text : {"http://localhost", "http://127.8.9.1", "http://[::1]"}) {
    EXPECT_TRUE(IsLoopback(*ParseWebUrl(text))) << text;
  }
  for (const char* const text : {"http://128.0.0.1", "http://localhost.example",
                                 "http://127.0.0.1.example", "http://[::2]"}) {
    EXPECT_FALSE(IsLoopback(*ParseWebUrl(text))) << text;
  }
}

TEST(Hooks, RefusesWhatIsWrong) {
  const std::string two = "{name: a, command: {path: /a}}";
  const std::pair<std::string, const char*> cases[] = {
      {"[{}]", "c:1: 'name' is missing"},
      {"[{name: A, command: {path: /a}}]", "c:1: 'A' is no name of a hook"},
      {"[{name: ../a, command: {path: /a}}]", "c:1: '../a' is no name of a hook"},
      {"[" + two + ", " + two + "]", "c:1: two hooks are called 'a'"},
      {"[{name: a}]", "c:1: a hook has either 'webhook' or 'command'"},
      {"[{name: a, command: {path: /a}, webhook: {url: 'https://h'}}]", "c:1: a hook has either"},
      {"[{name: a, command: {path: a}}]", "c:1: 'path' must be an absolute path"},
      {"[{name: a, command: {path: /a, user: root}}]", "c:1: 'user' must be the name of a user"},
      {"[{name: a, command: {path: /a, user: '0'}}]", "c:1: 'user' must be the name of a user"},
      {"[{name: a, command: {path: /a, args: [[]]}}]", "c:1: 'args' must be a list of texts"},
      {"[{name: a, command: {path: /a, cpu: 1h}}]", "c:1: 'cpu' must be a time"},
      {"[{name: a, events: [exec], command: {path: /a}}]", "c:1: 'exec' is no kind of event"},
      {"[{name: a, webhook: {url: 'https://u:SECRET@h'}}]", "c:1: 'url' must be like"},
      {"[{name: a, webhook: {url: 'https://h', cert: /c}}]", "c:1: 'cert' and 'key' need"},
      {"[{name: a, webhook: {url: 'https://h', token_file: /a, hmac_file: /b}}]",
       "c:1: 'token_file' or 'hmac_file'"},
      {"[{name: a, webhook: {url: 'http://h', ca: /c}}]", "c:1: 'ca', 'cert' and 'key' are for"},
      {"[{name: a, webhook: {url: 'http://h', token_file: /t}}]", "c:1: 'token_file' would be"},
      {"[{name: a, webhook: {url: 'https://h', format: slack}}]", "c:1: 'format' must be"},
      {"[{name: a, events: [grade_changed], webhook: {url: 'https://h', format: alertmanager}}]",
       "c:1: 'alertmanager' takes events of violations only"}};
  for (const auto& [text, message] : cases) {
    const auto config = LoadConfig("hooks: " + text, "c");
    ASSERT_FALSE(config) << text;
    EXPECT_TRUE(config.error().message.starts_with(message)) << config.error().message;
    EXPECT_EQ(config.error().message.find("SECRET"), std::string::npos);
  }
}

}  // namespace
}  // namespace hullmark
