// SPDX-License-Identifier: Apache-2.0
#include "agent/config/waivers.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/units.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/selector.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

// One waiver of the contract's keys; `old` is replaced by `instead`.
std::string TextWith(std::string_view old = "", std::string_view instead = "") {
  std::string text =
      "waivers:\n"
      "  - control: CAP-0*\n"
      "    select: {namespace: [prod, test-*], uid: 1000, not: {name: db}, label: {app: web}}\n"
      "    reason: needs it until the rewrite\n"
      "    owner: team-web\n"
      "    expires: 2026-12-31\n"
      "    ticket: WEB-12\n"
      "    allow_critical: true\n";
  if (!old.empty()) text.replace(text.find(old), old.size(), instead);
  return text;
}

TEST(LoadWaiversTest, ReadsEveryKey) {
  const auto waivers = LoadWaivers(TextWith(), "site.yaml");
  ASSERT_TRUE(waivers) << waivers.error().message;
  ASSERT_EQ(waivers->size(), 1U);
  const Waiver& waiver = waivers->front();
  EXPECT_EQ(waiver.control, Glob("CAP-0*"));
  EXPECT_EQ(waiver.select.name_space, (std::vector{Glob("prod"), Glob("test-*")}));
  EXPECT_EQ(waiver.select.uid, Uid{1000});
  EXPECT_EQ(waiver.select.labels.at("app"), Glob("web"));
  ASSERT_NE(waiver.select.except, nullptr);
  EXPECT_EQ(waiver.select.except->name, std::vector{Glob("db")});
  EXPECT_EQ(waiver.reason, "needs it until the rewrite");
  EXPECT_EQ(waiver.owner, "team-web");
  EXPECT_EQ(waiver.expires, ParseTime("2027-01-01T00:00:00Z"));
  EXPECT_EQ(waiver.ticket, "WEB-12");
  EXPECT_TRUE(waiver.allow_critical);
  EXPECT_EQ(waiver.source, "site.yaml:2");
}

TEST(LoadWaiversTest, SomeKeysMayBeAbsent) {
  const auto waivers = LoadWaivers(
      "waivers: [{control: FS-001, select: {}, reason: r, owner: o, "
      "expires: 2026-12-31T12:00:00Z}]",
      "w");
  ASSERT_TRUE(waivers) << waivers.error().message;
  EXPECT_TRUE(IsEmpty(waivers->front().select));
  EXPECT_FALSE(waivers->front().allow_critical);
  EXPECT_EQ(waivers->front().expires, ParseTime("2026-12-31T12:00:00Z"));
  EXPECT_TRUE(LoadWaivers("waivers: []", "w")->empty());
}

TEST(LoadWaiversTest, RefusesWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "w:1: empty"},
      {"[]", "w:1: a mapping"},
      {"waivers: {}", "w:1: 'waivers' must be a list"},
      {"waivers: []\nmore: 1\n", "w:2: unknown key 'more'"},
      {TextWith("    owner: team-web\n"), "w:2: 'owner' is missing"},
      {TextWith("    reason: needs it until the rewrite\n"), "w:2: 'reason' is missing"},
      {TextWith("    expires: 2026-12-31\n"), "w:2: 'expires' is missing"},
      {TextWith("needs it until the rewrite", "\"\""), "w:4: 'reason' must be text"},
      {TextWith("2026-12-31", "soon"), "w:6: 'expires' must be a date"},
      {TextWith("2026-12-31", "2026-02-30"), "w:6: 'expires' must be a date"},
      {TextWith("CAP-0*", "cap-001"), "w:2: 'cap-001' is no control"},
      {TextWith("allow_critical: true", "allow_critical: yes"), "w:8: 'allow_critical' must be"},
      {TextWith("ticket", "tikcet"), "w:7: unknown key 'tikcet'"},
      {TextWith("namespace", "name_space"), "w:3: unknown key 'name_space'"},
      {TextWith("[prod, test-*]", "[]"), "w:3: 'namespace' is empty"},
      {TextWith("[prod, test-*]", "'{prod'"), "w:3: '{prod' has a brace"},
      {TextWith("uid: 1000", "uid: -1"), "w:3: 'uid' must be"},
      {TextWith("uid: 1000", "class: contianer"), "w:3: 'contianer' is no class"},
      {TextWith("uid: 1000", "runtime: dokcer"), "w:3: 'dokcer' is no runtime"},
      {TextWith("{name: db}", "{}"), "w:3: 'not' without a key"},
      {TextWith("{app: web}", "{}"), "w:3: 'label' is empty"},
      {TextWith("{app: web}", "app"), "w:3: 'label' must be a mapping"},
      {TextWith("{app: web}", "{app: [web, db]}"), "w:3: 'app' must be text"},
      {TextWith("{app: web}", "{app: 'we{b,x'}"), "w:3: 'we{b,x' has a brace without its other"},
      {TextWith("{app: web}", "{app: web, app: db}"), "w:3: key 'app' repeated"}};
  for (const auto& [text, message] : cases) {
    const auto waivers = LoadWaivers(text, "w");
    ASSERT_FALSE(waivers) << message;
    EXPECT_TRUE(waivers.error().message.starts_with(message)) << waivers.error().message;
  }
}

}  // namespace
}  // namespace hullmark
